import json
import socket

import pytest

from clusters.local import apiserver
from clusters.local.apiserver import admission
from clusters.pilot.behaviours import Behaviours

VERSION = "networking.istio.io/v1alpha3"


def envoy_filter(name="a", namespace="istio-system", labels=None, **spec):
    metadata = {"name": name, "namespace": namespace, "labels": labels or {}}
    return {"apiVersion": VERSION, "kind": "EnvoyFilter", "metadata": metadata, "spec": spec}


@pytest.fixture
def api():
    with apiserver.serving(admission.of(Behaviours("1.24.0"))) as served:
        yield served


@pytest.fixture
def kubernetes_client(api, tmp_path):
    from kubernetes import config

    client = config.new_client_from_config(
        str(api.kubeconfig(tmp_path / "kubeconfig")), persist_config=False
    )
    yield client
    client.rest_client.pool_manager.clear()


@pytest.fixture
def dynamic(kubernetes_client, tmp_path):
    from kubernetes.dynamic import DynamicClient

    return DynamicClient(kubernetes_client, cache_file=str(tmp_path / "discovery"))


@pytest.fixture
def envoy_filters(dynamic):
    return dynamic.resources.get(api_version=VERSION, kind="EnvoyFilter")


class Wire:
    """A connection on which a test says whatever it likes."""

    def __init__(self, url):
        host, port = url.removeprefix("http://").split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=10)
        self.file = self.socket.makefile("rb")

    def say(self, data):
        self.socket.sendall(data)
        return self

    def head(self):
        code = int(self.file.readline().split()[1])
        headers = {}
        while (line := self.file.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return code, headers

    def answer(self):
        code, headers = self.head()
        return code, json.loads(self.file.read(int(headers["content-length"])))

    def ask(self, method, path, body=b"", kind="application/json", accept="application/json"):
        return self.say(
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nAccept: {accept}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        ).answer()

    def watch(self, path):
        self.say(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        code, headers = self.head()
        assert (code, headers["transfer-encoding"]) == (200, "chunked")
        return self

    def events(self):
        """The events of the next chunk; [] once the watch is over."""
        size = int(self.file.readline(), 16)
        lines = self.file.read(size).splitlines()
        assert self.file.readline() == b"\r\n"
        return [json.loads(line) for line in lines]

    def ended(self):
        return self.file.read() == b""

    def close(self):
        self.file.close()
        self.socket.close()


@pytest.fixture
def connect(api):
    opened = []

    def wire():
        opened.append(Wire(api.url))
        return opened[-1]

    yield wire
    for one in opened:
        one.close()


@pytest.fixture
def wire(connect):
    return connect()
