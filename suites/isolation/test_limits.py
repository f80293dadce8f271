"""What a module cannot see or reach: the host offers it no way, in whatever language it is."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

# The host is the same for every filter; it is not the filter of a run that is judged here.
pytestmark = [
    pytest.mark.contract("headers"),
    pytest.mark.claim("A filter sees and reaches only what the proxy lets it."),
]


def rendered(cluster, publisher, module, configuration=""):
    # A machine of its own: what a probe does must not become part of another filter's.
    return cluster.render(publisher.publish(module), configuration, name="probe", vm_id=module.name)


@pytest.mark.requirement("ISO-3")
def test_no_module_opens_a_file(cluster, gateway, publisher, probe_module, record_property):
    assert Path("/etc/passwd").exists(), "the probe asks for it"
    with cluster.applied(rendered(cluster, publisher, probe_module("reads_file"))):
        opened = gateway.send("GET", "/productpage").header("x-opened")
    record_property(
        "measured", f"files: opened of /etc/passwd, /proc/self/environ and its folder: {opened}"
    )

    assert opened == "none"


@pytest.mark.requirement("ISO-3")
def test_no_module_sees_the_environment_of_the_proxy(
    cluster, gateway, publisher, probe_module, record_property
):
    documents = rendered(cluster, publisher, probe_module("reads_environment"))
    # Another machine, too: Envoy 1.36 keeps the one that it has if only variables change.
    given = re.sub(
        r"^( *)vm_id: .*$",
        r"\g<0>-given\n\1environment_variables: {key_values: {PATH: given}}",
        documents,
        flags=re.MULTILINE,
    )
    with cluster.applied(documents):
        without = seen(gateway)
        with cluster.delivered(given):
            found = seen(gateway)
    record_property(
        "measured",
        f"environment: {without[0]} variables, while this process has {len(os.environ)}; with one "
        f"that the EnvoyFilter gives, {found[0]}",
    )

    assert without == ("0", "none")
    assert found == ("1", "given")


def seen(gateway):
    reply = gateway.send("GET", "/productpage")
    return reply.header("x-variables"), reply.header("x-path")


@pytest.mark.requirement("ISO-3")
def test_no_module_calls_an_address(cluster, gateway, publisher, probe_module, record_property):
    known = json.loads(cluster.proxy.read("/clusters?format=json"))["cluster_statuses"]
    name = next(each["name"] for each in known if each["name"].startswith("outbound|"))
    called = {}
    for target in (urlsplit(gateway.url).netloc, name):
        documents = rendered(cluster, publisher, probe_module("calls_out"), target)
        with cluster.applied(documents):
            called[target] = gateway.send("GET", "/productpage").header("x-called")
    record_property(
        "measured",
        "network: status of a call "
        + ", ".join(f"to {target}: {status}" for target, status in called.items()),
    )

    # 2 is BadArgument: only what the proxy knows can be called, by its name.
    assert list(called.values()) == ["2", "0"]
