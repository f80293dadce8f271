"""Words of real programs, what they most likely mean, and what is advised."""

import pytest

from clusters.kind import causes

#: Said by kind 0.33, Docker 20.10, istioctl 1.31, the kubelet 1.34 and Envoy 1.40.
SAID = [
    (
        'ERROR: failed to list clusters: command "docker ps" failed with error: exit status 1\n'
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon "
        "running?",
        "Docker is not running",
    ),
    (
        "permission denied while trying to connect to the Docker daemon socket at "
        "unix:///var/run/docker.sock",
        "may not speak to Docker",
    ),
    (
        "Error response from daemon: driver failed programming external connectivity on endpoint "
        "x-control-plane: Bind for 127.0.0.1:31080 failed: port is already allocated.",
        "took a port",
    ),
    (
        "Error starting userland proxy: listen tcp4 127.0.0.1:31080: bind: address already in use.",
        "took a port",
    ),
    (
        'ERROR: failed to create cluster: failed to pull image "lab/nope:1": command "docker pull '
        'lab/nope:1" failed',
        "neither in the local Docker nor to be had",
    ),
    ("write /var/lib/docker/tmp/x: no space left on device", "the disk is full"),
    (
        'default/productpage-v1-1 productpage: ImagePullBackOff: Back-off pulling image "x:1"',
        "the node cannot get the image",
    ),
    (
        "default/productpage-v1-1 productpage: CrashLoopBackOff: back-off 20s restarting failed",
        "ends as soon as it is started",
    ),
    (
        "default/productpage-v1-1: Pending: 0/1 nodes are available: 1 Insufficient memory.",
        "not enough room",
    ),
    (
        "gRPC config: Didn't find a registered implementation for 'istio.alpn' with type URL",
        "not the filters of Istio's own build",
    ),
    (
        'admission webhook "validation.istio.io" denied the request: configuration is invalid',
        "a webhook",
    ),
]


@pytest.mark.parametrize(
    ("said", "means"), SAID, ids=[f"{at}: {means}" for at, (_, means) in enumerate(SAID)]
)
def test_words_of_programs_are_understood(said, means):
    told = causes.explain(said, otherwise="nothing")

    assert told.startswith("likely cause: ")
    assert means in told.splitlines()[0]
    assert told.splitlines()[1].startswith("Hint: ")


def test_of_words_that_nobody_knows_nothing_is_claimed():
    assert causes.explain("gibberish", otherwise="docker info") == "Hint: docker info"
