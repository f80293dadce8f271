"""Watches: what a client is told, from where on, and how a watch ends."""

import socket
import threading
import time

import pytest

from clusters import waiting
from clusters.local import apiserver
from clusters.local.apiserver.resources import ISTIO
from clusters.local.apiserver.statuses import ApiError
from clusters.local.apiserver.store import Key, Store
from clusters.local.apiserver.watches import Subscription
from tests.clusters.apiserver.conftest import envoy_filter

PATH = "/apis/networking.istio.io/v1alpha3/envoyfilters"
INITIAL = "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"


def told(events):
    return [(one["type"], one["object"]["metadata"].get("name")) for one in events]


def test_an_informer_gets_what_there_is_and_a_mark_behind_it(wire, envoy_filters):
    envoy_filters.create(body=envoy_filter("a"))
    last = envoy_filters.create(body=envoy_filter("b"))

    *added, mark = wire.watch(f"{PATH}?watch=true{INITIAL}").events()

    assert told(added) == [("ADDED", "a"), ("ADDED", "b")]
    assert mark["type"] == "BOOKMARK"
    assert mark["object"]["kind"] == "EnvoyFilter"
    assert mark["object"]["metadata"] | {"creationTimestamp": None} == {
        "resourceVersion": last.metadata.resourceVersion,
        "creationTimestamp": None,
        "annotations": {"k8s.io/initial-events-end": "true"},
    }


def test_changes_are_told_in_order(wire, envoy_filters):
    wire.watch(f"{PATH}?watch=true{INITIAL}").events()
    envoy_filters.create(body=envoy_filter(priority=1))
    seen = wire.events()
    envoy_filters.server_side_apply(
        body=envoy_filter(priority=2), field_manager="us", force_conflicts=True
    )
    seen += wire.events()
    envoy_filters.delete(name="a", namespace="istio-system")
    seen += wire.events()

    assert told(seen) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    versions = [int(one["object"]["metadata"]["resourceVersion"]) for one in seen]
    assert versions == sorted(set(versions))


def test_the_kubernetes_client_watches(envoy_filters):
    from kubernetes import watch

    start = envoy_filters.get().metadata.resourceVersion
    for name in "ab":
        envoy_filters.create(body=envoy_filter(name))
    watcher, seen = watch.Watch(), []
    for event in envoy_filters.watch(resource_version=start, timeout=10, watcher=watcher):
        seen.append((event["type"], event["object"].metadata.name))
        if len(seen) == 2:
            watcher.stop()

    assert seen == [("ADDED", "a"), ("ADDED", "b")]


def test_a_selector_makes_leaving_a_deletion_and_joining_an_addition(wire, envoy_filters):
    envoy_filters.create(body=envoy_filter("a", labels={"x": "1"}))
    wire.watch(f"{PATH}?watch=true&labelSelector=x%3D1{INITIAL}").events()

    def relabelled(value):
        envoy_filters.server_side_apply(
            body=envoy_filter("a", labels={"x": value}), field_manager="us", force_conflicts=True
        )

    relabelled("2")
    seen = wire.events()
    relabelled("3")
    relabelled("1")

    assert told(seen + wire.events()) == [("DELETED", "a"), ("ADDED", "a")]


def test_other_namespaces_and_kinds_are_not_told(wire, envoy_filters, dynamic):
    namespaced = PATH.replace("envoyfilters", "namespaces/default/envoyfilters")
    wire.watch(f"{namespaced}?watch=true{INITIAL}").events()
    envoy_filters.create(body=envoy_filter("a"))
    dynamic.resources.get(api_version="v1", kind="ConfigMap").create(
        body={"metadata": {"name": "c"}, "apiVersion": "v1", "kind": "ConfigMap"},
        namespace="default",
    )
    envoy_filters.create(body=envoy_filter("d", namespace="default"))

    assert told(wire.events()) == [("ADDED", "d")]


def test_every_watcher_is_told_and_one_that_goes_leaves_no_thread(connect, envoy_filters):
    def serving_threads():
        return [one for one in threading.enumerate() if one.name.startswith("apiserver client")]

    watchers = [connect().watch(f"{PATH}?watch=true{INITIAL}") for _ in range(3)]
    for one in watchers:
        one.events()
    before = len(serving_threads())
    watchers[0].close()
    waiting.until(
        lambda: len(serving_threads()), lambda n: n == before - 1, what="its end", within=5
    )
    envoy_filters.create(body=envoy_filter("a"))

    assert [told(one.events()) for one in watchers[1:]] == [[("ADDED", "a")]] * 2


def test_a_watch_ends_when_its_time_is_over(wire):
    wire.watch(f"{PATH}?watch=true&timeoutSeconds=1")

    assert wire.events() == []
    assert wire.ended()


def test_metadata_alone_is_told_where_that_is_asked_for(wire, envoy_filters):
    envoy_filters.create(body=envoy_filter("a", priority=1))
    accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    wire.say(f"GET {PATH}?watch=true{INITIAL} HTTP/1.1\r\nAccept: {accept}\r\n\r\n".encode()).head()

    added, mark = wire.events()

    assert set(added["object"]) == {"apiVersion", "kind", "metadata"}
    assert [one["object"]["kind"] for one in (added, mark)] == ["PartialObjectMetadata"] * 2


def test_a_version_that_is_forgotten_or_not_yet_there_is_refused():
    [kind] = [one for one in ISTIO if one.kind == "EnvoyFilter"]
    store = Store(history=2)
    for name in "abc":
        thing = {"metadata": {"name": name}}
        store.change(Key(kind, "x", name), lambda _, made=thing: made)  # type: ignore[misc]
    subscription = Subscription(kind, "", lambda _: True)

    for since, code in ((1, 410), (5, 504)):
        with pytest.raises(ApiError) as raised:
            store.subscribe(subscription, since)
        assert raised.value.code == code
    store.subscribe(subscription, 2)
    assert [one.object["metadata"]["name"] for one in subscription.events()] == ["b", "c"]
    subscription.close()


def test_a_watch_from_a_forgotten_version_answers_gone(api, wire, envoy_filters, monkeypatch):
    monkeypatch.setattr(api._api.store, "_changes", [])

    code, status = wire.ask("GET", f"{PATH}?watch=true&resourceVersion=1")

    assert (code, status["reason"]) == (410, "Expired")


def test_the_server_stops_at_once_under_open_watches():
    with apiserver.serving() as api:
        host, port = api.url.removeprefix("http://").split(":")
        clients = [socket.create_connection((host, int(port))) for _ in range(5)]
        for client in clients[:4]:
            client.sendall(f"GET {PATH}?watch=true HTTP/1.1\r\n\r\n".encode())
            client.recv(10)
        begun = time.monotonic()
    took = time.monotonic() - begun
    for client in clients:
        client.close()

    assert took < 1
    assert not [one for one in threading.enumerate() if one.name.startswith("apiserver")]
