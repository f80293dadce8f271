"""Which images a release gets, and what the documents around them say."""

import re
from pathlib import Path

import pytest
import yaml

from bookinfo import documents
from clusters import release
from clusters.kind import images, kind_config, operator, plan
from clusters.kind.errors import TooOld
from clusters.kind.operator import Installation
from clusters.kind.wanted import Wanted
from tests.kind import programs

BY_DIGEST = re.compile(r"[a-z0-9./-]+:[\w.-]+@sha256:[0-9a-f]{64}")


OLD, NEW = (
    [each for each in release.KNOWN if (each in plan.supported()) is known]
    for known in (False, True)
)


@pytest.mark.parametrize("each", NEW, ids=str)
def test_every_release_gets_the_newest_kubernetes_that_it_supports(each):
    image = images.node(each)

    assert BY_DIGEST.fullmatch(image)
    assert image.startswith(f"kindest/node:v{each.kubernetes.partition('-')[2]}.")


def test_there_is_a_node_image_for_each_release_that_can_be_run_and_for_no_other():
    assert NEW[0].name == "1.24"
    assert {images.node(each) for each in NEW} == set(images.NODES.values())


@pytest.mark.parametrize("each", OLD, ids=str)
def test_an_older_release_is_refused_before_a_program_is_looked_for(each):
    with pytest.raises(TooOld) as told:
        plan.plan(each, Wanted(kind=Path("/nowhere/kind")))

    assert str(told.value).startswith(
        f"--cluster=kind runs Istio 1.24 to {release.KNOWN[-1]}, and {each} was asked for"
    )
    assert f"Hint: --cluster=local --istio={each}, or --istio=1.24 for kind" in str(told.value)


def test_what_counts_is_the_release_that_istioctl_installs(tmp_path):
    pytest.importorskip("pytest_kind", reason="the group kind is not installed")
    kind = programs.kind(tmp_path)
    asked = release.find("1.18")

    def planned(version):
        istioctl = programs.istioctl(tmp_path, version)
        return plan.plan(asked, Wanted(kind=kind, istioctl=istioctl, allow_version_skew=True))

    assert planned("1.27.1").release == release.find("1.27")
    assert planned("1.27.1").recipe.node_image == images.node(release.find("1.27"))
    with pytest.raises(TooOld, match=r"and 1\.22 was asked for"):
        planned("1.22.8")


def test_the_image_for_our_own_pods_is_named_by_digest():
    assert BY_DIGEST.fullmatch(images.PYTHON)


def test_ports_of_the_node_are_reached_from_this_machine_only():
    node = yaml.safe_load(kind_config.render(4711, 4712))["nodes"][0]

    assert node["extraPortMappings"] == [
        {"containerPort": 30080, "hostPort": 4711, "listenAddress": "127.0.0.1"},
        {"containerPort": 30081, "hostPort": 4712, "listenAddress": "127.0.0.1"},
    ]


def test_free_ports_differ():
    assert len(set(kind_config.free_ports(20))) == 20


def installed(hub="lab", tag="1.31.0-lab", *, istio_filters=True):
    return yaml.safe_load(operator.render(Installation(hub, tag, istio_filters)))["spec"]


def test_the_gateway_listens_on_the_ports_of_the_node_that_kind_maps():
    (gateway,) = installed()["components"]["ingressGateways"]
    ports = {one["nodePort"]: one["targetPort"] for one in gateway["k8s"]["service"]["ports"]}

    assert gateway["k8s"]["service"]["type"] == "NodePort"
    assert ports == {kind_config.GATEWAY_NODE_PORT: 8080, kind_config.SPARE_NODE_PORT: 8081}


def test_the_images_are_those_that_were_asked_for():
    spec = installed(hub="example.test/istio", tag="1.29.1")

    assert (spec["hub"], spec["tag"]) == ("example.test/istio", "1.29.1")


def test_the_filters_of_istios_own_envoy_are_off_only_where_it_has_none():
    with_them, without = installed(), installed(istio_filters=False)

    assert "env" not in with_them["components"]["pilot"]["k8s"]
    assert "telemetry" not in with_them["values"]
    assert {one["name"]: one["value"] for one in without["components"]["pilot"]["k8s"]["env"]} == {
        "PILOT_ENABLE_METADATA_EXCHANGE": "false",
        "PILOT_ENABLE_ALPN_FILTER": "false",
    }
    assert without["values"]["telemetry"] == {"enabled": False, "v2": {"enabled": False}}


def test_a_removed_listener_does_not_live_on():
    assert installed()["meshConfig"]["defaultConfig"]["drainDuration"] == "1s"


def test_the_published_bookinfo_has_a_service_before_each_of_its_pods():
    objects = documents.upstream("1.20.3")
    services = {one["spec"]["selector"]["app"] for one in objects if one["kind"] == "Service"}
    pods = [one["spec"]["template"] for one in objects if one["kind"] == "Deployment"]

    assert {pod["metadata"]["labels"]["app"] for pod in pods} == services
    assert [pod["spec"]["containers"][0]["image"] for pod in pods] == [
        f"docker.io/istio/examples-bookinfo-{name}:1.20.3"
        for name in (
            *("details-v1", "ratings-v1", "reviews-v1", "reviews-v2", "reviews-v3"),
            "productpage-v1",
        )
    ]


def test_the_standin_in_a_pod_is_the_program_of_this_project():
    program, pod, service = documents.standin("lab/python:1")
    container = pod["spec"]["template"]["spec"]["containers"][0]

    assert "class Application" in program["data"]["app.py"]
    assert (container["image"], container["imagePullPolicy"]) == ("lab/python:1", "IfNotPresent")
    assert service["spec"]["selector"].items() <= pod["spec"]["selector"]["matchLabels"].items()
