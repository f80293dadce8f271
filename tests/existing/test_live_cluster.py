"""On a real cluster: what a run makes there and what it leaves, and what makes it not begin."""

import dataclasses
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from clusters import __main__, apply, waiting
from clusters.existing import (
    access,
    address,
    api,
    cluster,
    contexts,
    lease,
    neighbours,
    pods,
    survey,
    versions,
)
from clusters.existing.wanted import Wanted
from clusters.ownership import RUN_LABEL
from tests.existing import lab
from tests.existing.accounts import SPACE, collection, without

ROOT = Path(__file__).parents[2]
NAMESPACES = "/api/v1/namespaces"
FILTERS = "/apis/networking.istio.io/v1alpha3/namespaces/istio-system/envoyfilters"


def envoy_filter(name):
    """Return one that is for no proxy."""
    patch = {
        "applyTo": "HTTP_FILTER",
        "match": {"context": "SIDECAR_INBOUND"},
        "patch": {"operation": "REMOVE"},
    }
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": name, "namespace": "istio-system"},
        "spec": {
            "workloadSelector": {"labels": {"nobody": "has-it"}},
            "configPatches": [patch],
        },
    }


@pytest.fixture
def wanted(account):
    return Wanted(context="account", kubeconfig=account, relay_image=lab.PYTHON)


@pytest.fixture
def theirs(admin):
    """An EnvoyFilter that is nobody's of ours."""
    stored = admin.create(FILTERS, envoy_filter("theirs"))
    yield stored
    admin.delete(f"{FILTERS}/theirs", uid=stored["metadata"]["uid"])


def labelled(admin):
    return sorted(
        one["metadata"]["name"]
        for path in (FILTERS, NAMESPACES)
        for one in admin.items(path, labelSelector=RUN_LABEL)
    )


@pytest.fixture
def served(admin):
    """A Gateway that is nobody's of ours, on the same gateway."""
    server = {"port": {"number": 8081, "name": "http", "protocol": "HTTP"}, "hosts": ["shop.x"]}
    gateway = {
        "apiVersion": "networking.istio.io/v1beta1",
        "kind": "Gateway",
        "metadata": {"name": "shop", "namespace": "default"},
        "spec": {"selector": {"istio": "ingressgateway"}, "servers": [server]},
    }
    other = gateway | {
        "metadata": {"name": "other", "namespace": "default"},
        "spec": {"selector": {"istio": "other"}, "servers": [server]},
    }
    path = "/apis/networking.istio.io/v1beta1/namespaces/default/gateways"
    stored = [admin.create(path, one) for one in (gateway, other)]
    yield
    for one in stored:
        admin.delete(f"{path}/{one['metadata']['name']}", uid=one["metadata"]["uid"])


def test_what_was_found_is_said_with_pods_versions_and_address(wanted, admin, theirs, served):
    found = survey.look("1.31", wanted)
    gateway = pods.gateway(admin, "istio-system", {"istio": "ingressgateway"})[0]
    istiod = pods.istiod(admin, "istio-system")[0]

    assert found.url == f"http://{gateway.node}:30080"
    lines = "\n".join(found.header)
    assert f"istiod {istiod.name} ({lab.TAG})" in lines
    assert f"{found.url} (node port of the Service istio-ingressgateway)" in lines
    assert f"istio-system/{gateway.name} ({lab.TAG}, envoy 1." in lines
    assert (
        "beside this run: EnvoyFilter istio-system/theirs, Gateway default/shop (shop.x)" in lines
    )


def test_the_address_that_was_given_is_taken(wanted):
    found = survey.look("latest", dataclasses.replace(wanted, gateway_url="http://127.0.0.1:9/"))

    assert (found.url, found.url_origin) == ("http://127.0.0.1:9", "--gateway-url")


REFUSALS = {
    "another release": (
        {"asked": "1.29"},
        versions.AnotherRelease,
        rf"Istio 1\.29 was asked for, and account runs istiod {lab.TAG} (.*\n)*Hint: --istio=1\.31",
    ),
    "another patch": (
        {"asked": "1.31.0"},
        versions.AnotherRelease,
        rf"Istio 1\.31\.0 was asked for, and account runs istiod {lab.TAG} ",
    ),
    "no such labels": (
        {"gateway_labels": "istio=edge"},
        pods.NoSuchPods,
        r"no pod in istio-system is labelled istio=edge\n(.*\n)*  istio=ingressgateway",
    ),
    "no labels": (
        {"gateway_labels": "edge"},
        survey.BadLabels,
        r"--gateway-labels=edge is no list of labels\nHint: --gateway-labels=istio=ingressgateway",
    ),
    "no such context": (
        {"context": "prod"},
        contexts.BadContext,
        "there is no context 'prod': .* has account",
    ),
    "no context": ({"context": None}, contexts.BadContext, "no context was named"),
    "rights in one namespace only": (
        {"gateway_namespace": "edge"},
        access.NotAllowed,
        r"rights are missing in account; nothing was created:\n(.*\n)*  list services -n edge\n",
    ),
    "an address that is none": (
        {"gateway_url": "localhost:80"},
        address.NoAddress,
        "--gateway-url=localhost:80 is no address of a gateway",
    ),
    "an address that nobody knows": (
        {"gateway_url": "http://no.invalid"},
        address.NotAnswering,
        r"the gateway cannot be reached at http://no\.invalid: ",
    ),
}


@pytest.mark.parametrize(("changed", "kind", "told"), REFUSALS.values(), ids=REFUSALS)
def test_what_cannot_be_is_refused_before_anything_is_created(wanted, admin, changed, kind, told):
    rest = dict(changed)
    asked = rest.pop("asked", "latest")

    with pytest.raises(kind, match=told):
        survey.look(asked, dataclasses.replace(wanted, **rest))

    assert not labelled(admin)


def test_a_cluster_without_istiod_is_told_as_such(lab_cluster):
    found = Wanted(
        context=lab_cluster.name,
        kubeconfig=lab_cluster.kubeconfig,
        relay_image=lab.PYTHON,
        gateway_namespace="istio-system",
        root_namespace="kube-system",
    )

    with pytest.raises(pods.NoSuchPods, match="there is no istiod in kube-system"):
        survey.look("latest", found)


def test_another_release_may_be_expected_of_it_all_the_same(wanted):
    found = survey.look("1.29", dataclasses.replace(wanted, allow_version_skew=True))

    assert found.release.name == "1.29"
    assert found.semantics == f"istiod {lab.TAG}"


def test_a_run_has_a_namespace_and_a_lease_and_nothing_is_left_of_it(wanted, admin, theirs):
    said: list[str] = []
    with cluster.target(survey.look("latest", wanted), said.append) as target:
        kube = apply.connect(target.kubeconfig, context=target.context, run=target.run)
        kube.apply(envoy_filter("mine"))
        kube.close()
        kept = admin.get(f"{lease.path(target.namespace)}/{lease.name(target.run)}")

        assert labelled(admin) == sorted([target.namespace, "mine"])
        assert lease.alive(admin, kept, within=0)
        assert not target.owned

    assert labelled(admin) == []
    assert [one["metadata"]["name"] for one in admin.items(FILTERS)] == ["theirs"]
    assert said == []


def until_right(account, right, *, there):
    """Wait until the API server has noticed a change of roles."""
    mine = api.connect(contexts.Context(account, "account"))
    waiting.until(
        lambda: access.lacking(mine, [right]),
        lambda lacking: (not lacking) is there,
        what=f"{right} being {'granted' if there else 'refused'}",
        within=20,
        every=0.1,
    )
    mine.close()


def test_in_a_namespace_that_is_there_no_right_in_others_is_needed(narrow_account, admin, wanted):
    until_right(narrow_account, access.Right("", "", "namespaces", "create"), there=False)
    with pytest.raises(access.NotAllowed, match="create namespaces -A"):
        survey.look("latest", wanted)
    shared = dataclasses.replace(wanted, run_namespace=SPACE)
    said: list[str] = []

    found = survey.look("latest", shared)
    with cluster.target(found, said.append) as target:
        kube = apply.connect(target.kubeconfig, context=target.context, run=target.run)
        kube.apply(envoy_filter("mine"))
        kube.close()
        with pytest.raises(neighbours.InUse, match=f"another run .* {target.run}"):
            survey.look("latest", shared)
        assert target.namespace == SPACE
        assert labelled(admin) == ["mine"]

    assert labelled(admin) == []
    assert admin.items(lease.path(SPACE)) == []
    assert admin.get(f"{NAMESPACES}/{SPACE}")
    assert said == []
    assert "perhaps Gateways, which this account may not list" in found.header[-1]


def test_what_cannot_be_removed_is_told_with_the_command_that_does_it(wanted, admin, capsys):
    role = next(one for one in access.roles() if one["metadata"]["name"] == access.NAMESPACES)
    path = f"{collection(role)}/{role['metadata']['name']}"
    right = access.Right("", "", "namespaces", "delete")
    said: list[str] = []
    with cluster.target(survey.look("latest", wanted), said.append) as target:
        admin.change(path, {"rules": without(role["rules"], right)})
        until_right(target.kubeconfig, right, there=False)
    admin.change(path, {"rules": role["rules"]})
    until_right(target.kubeconfig, right, there=True)

    [told] = said
    assert "cannot delete resource" in told
    # This process lives; for its run to count as dead the Lease has to be gone.
    where = f"{lease.path(target.namespace)}/{lease.name(target.run)}"
    admin.delete(where, uid=admin.get(where)["metadata"]["uid"])
    hint = told.rpartition("Hint: python -m clusters ")[2]
    assert __main__.main(hint.split()) == 0
    assert labelled(admin) == []


KILLED = """
    import sys
    from pathlib import Path
    from clusters import apply
    from clusters.existing import cluster, survey
    from clusters.existing.wanted import Wanted
    from tests.existing import lab
    from tests.existing.test_live_cluster import envoy_filter

    wanted = Wanted(
        context="account",
        kubeconfig=Path(sys.argv[1]),
        relay_image=lab.PYTHON,
        run_namespace=sys.argv[2],
    )
    with cluster.target(survey.look("latest", wanted), print) as target:
        kube = apply.connect(target.kubeconfig, context=target.context, run=target.run)
        kube.apply(envoy_filter("mine"))
        print(target.run, flush=True)
        sys.stdin.read()
"""


@pytest.mark.parametrize("space", ["", SPACE], ids=["a namespace of its own", "one for all runs"])
def test_what_a_killed_run_left_goes_and_nothing_else(space, request, admin, theirs, capsys):
    account = request.getfixturevalue("narrow_account" if space else "account")
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), account, space],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    assert child.stdout is not None
    run = child.stdout.readline().strip()
    clean = ["clean", f"--kubeconfig={account}", "--kube-context=account"]
    clean += [f"--run-namespace={space}"] * bool(space)
    before = labelled(admin)
    __main__.main(clean)
    alive = capsys.readouterr().out
    assert alive.startswith(f"run {run} is alive, and was left alone: ")
    assert labelled(admin) == before

    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert __main__.main(clean) == 0

    told = capsys.readouterr().out.splitlines()
    assert told[0] == f"run {run} is over; removed:"
    assert "  EnvoyFilter istio-system/mine" in told
    assert labelled(admin) == []
    assert [one["metadata"]["uid"] for one in admin.items(FILTERS)] == [theirs["metadata"]["uid"]]
