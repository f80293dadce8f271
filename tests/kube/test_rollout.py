"""When a Deployment counts as rolled out, and that a rollout that cannot be had says why."""

import pytest

from clusters import apply, waiting
from clusters.kube import rollout
from tests.kube.conftest import LABELS


def deployment(name="gateway", labels=LABELS, **status):
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "ingress"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "istio-proxy", "image": "proxy"}]},
            },
        },
        "status": status,
    }


ROLLED = {"observedGeneration": 2, "updatedReplicas": 2, "availableReplicas": 2, "replicas": 2}
STATES = {
    "all of them": (ROLLED, True),
    "nothing is known yet": ({}, False),
    "the change was not noticed": (ROLLED | {"observedGeneration": 1}, False),
    "one is still the old one": (ROLLED | {"updatedReplicas": 1}, False),
    "one is not available": (ROLLED | {"availableReplicas": 1}, False),
    "an old one is there beside them": (ROLLED | {"replicas": 3}, False),
}


@pytest.mark.parametrize(("status", "done"), STATES.values(), ids=STATES)
def test_a_rollout_is_over_when_all_pods_and_no_others_are_there(status, done):
    from kubernetes import client

    api = client.ApiClient()
    found = deployment(**status)
    found["metadata"] |= {"generation": 2}
    read = api._ApiClient__deserialize(found, "V1Deployment")

    counts = tuple(status.get(f"{each}eplicas", 0) for each in ("updatedR", "availableR", "r"))
    assert rollout.rolled_out(read) == (done, f"{counts} of 2")


@pytest.fixture
def change(lab, pods):
    """A function that gives the gateway a variable and returns what was settled meanwhile."""

    def changed():
        settled = []
        with rollout.environment(pods, lab.target, {"A": "b"}, lambda: settled.append(True)):
            pass
        return settled

    return changed


def test_one_that_does_not_come_says_what_was_seen_last(lab, change, monkeypatch):
    monkeypatch.setattr(rollout, "ROLLOUT_SECONDS", 0.5)
    lab.gateway("gateway-a")
    lab.served.put(deployment(**ROLLED | {"availableReplicas": 1}))

    with pytest.raises(waiting.TimedOut, match=r"last seen: \(False, '\(2, 1, 2\) of 2'\)"):
        change()


def test_an_earlier_pod_is_waited_for_until_it_is_gone(lab, change, monkeypatch):
    monkeypatch.setattr(rollout, "ROLLOUT_SECONDS", 0.5)
    lab.gateway("earlier", deletionTimestamp="2026-11-25T04:00:00Z")
    lab.served.put(deployment(**ROLLED))

    with pytest.raises(waiting.TimedOut, match=r"earlier pods of ingress/gateway .*") as error:
        change()
    assert "last seen: ['earlier']" in str(error.value)


def test_the_new_pods_are_let_settle_on_the_way_there_and_back(lab, change):
    lab.gateway("gateway-a")
    lab.served.put(deployment(**ROLLED))

    assert change() == [True, True]


@pytest.mark.parametrize("names", [(), ("one", "two")])
def test_without_the_one_deployment_nothing_is_changed(lab, change, names):
    for name in names:
        lab.served.put(deployment(name))
    lab.served.put(deployment("somebody-elses", labels={"app": "other"}))

    with pytest.raises(rollout.NoDeployment, match=f"^{len(names)} Deployments in ingress make"):
        change()
    assert not [line for line in lab.front.paths if line.startswith("PATCH")]


def test_with_the_api_away_it_fails_in_words(lab, change):
    lab.front.stop()

    with pytest.raises(apply.Unreachable, match="did not answer when listing the Deployments"):
        change()
