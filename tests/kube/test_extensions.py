"""What documents and listeners say of extensions."""

from __future__ import annotations

import pytest

from clusters import rendering
from clusters.kube import extensions
from clusters.pilot import documents


def test_documents_bring_the_extensions_that_their_filters_ask_for():
    text = rendering.render("http://a.test/a.wasm", "{}", name="one")

    assert extensions.brought(documents.parse(text)) == {"one"}


@pytest.mark.parametrize(
    ("uri", "seconds"),
    [({"timeout": "0.5s"}, 2.5), ({}, 7.0), ({"timeout": "soon"}, 7.0)],
)
def test_an_agent_has_given_up_after_its_timeout_and_a_little_more(uri, seconds):
    told = {"config": {"vm_config": {"code": {"remote": {"http_uri": uri}}}}}

    assert extensions.fetching({"typed_config": {"value": told}}) == seconds
    assert extensions.fetching({"typed_config": {"value": {}}}) == 0.0


def test_only_filters_of_istios_own_envoy_are_left_out():
    names = ["istio.auth", "istio.alpn", "istio_authn", "envoy.filters.http.router"]
    listener = {"filter_chains": [{"http_filters": [{"name": name} for name in names]}]}

    left = extensions.without_istios(listener)["filter_chains"][0]["http_filters"]

    assert [each["name"] for each in left] == ["istio.auth", "envoy.filters.http.router"]
