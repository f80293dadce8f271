"""What istiod sent, held against what was to be expected."""

from clusters import rendering
from clusters.istio import received
from clusters.istio.dump import listeners
from clusters.pilot import documents
from clusters.pilot.push import Outcome

MANAGER = "envoy.filters.network.http_connection_manager"
WASM, RBAC = (
    f"type.googleapis.com/envoy.extensions.filters.http.{one}"
    for one in ("wasm.v3.Wasm", "rbac.v3.RBAC")
)
URL = "http://r.test/x.wasm"


def listener(*filters, name="0.0.0.0_8080"):
    manager = {"name": MANAGER, "typed_config": {"http_filters": list(filters)}}
    return {"name": name, "filter_chains": [{"filters": [manager]}]}


def plain(name):
    return {"name": name, "typed_config": {}}


def discovered(name):
    return {"name": name, "config_discovery": {}}


def test_listeners_are_read_from_what_istiod_writes_in_camel_case():
    manager = {"name": MANAGER, "typedConfig": {"httpFilters": [{"name": "x"}]}}
    serving = {"name": "0.0.0.0_8080", "filterChains": [{"filters": [manager]}]}
    kinds = ("listener.v3.Listener", "cluster.v3.Cluster")
    dump = {"configs": [{"@type": f"x/envoy.config.{kind}"} | serving for kind in kinds]}

    assert received.filters(listeners(dump)) == {"0.0.0.0_8080": [["x"]]}


def test_only_extensions_that_are_discovered_are_wanted():
    assert received.wanted([listener(discovered("a"), plain("b"))]) == {"a"}


def test_other_filters_than_foretold_are_a_disagreement_and_equal_ones_are_none():
    one, other = listener(plain("a"), plain("b")), listener(plain("b"), plain("a"))

    assert received.disagreements([one], [one]) == ()
    [order] = received.disagreements([one], [other])
    assert "istiod sent [['b', 'a']]" in order
    assert "would have sent [['a', 'b']]" in order
    [missing] = received.disagreements([one], [])
    assert "istiod sent nothing" in missing


def test_a_failure_counts_as_long_as_its_address_is_asked_for():
    asked = [{"name": "x", "typed_config": {"uri": URL}}]
    here, gone = (f"cannot fetch Wasm module {url}: 404" for url in (URL, "http://r.test/y.wasm"))
    other = "missing image pulling secret"

    assert received.concerning([here, gone, other], asked) == (here, other)


def test_an_rbac_filter_where_a_module_should_be_is_a_substitute():
    def got(kind):
        return {"configs": [{"ecds_filter": {"name": "x", "typed_config": {"@type": kind}}}]}

    expected = [{"name": "x", "typed_config": {"@type": WASM}}]
    assert received.substituted(got(RBAC), expected) == {"x"}
    assert received.substituted(got(WASM), expected) == set()
    own = [{"name": "x", "typed_config": {"@type": RBAC}}]
    assert received.substituted(got(RBAC), own) == set()


def outcome(document, effective):
    return Outcome(document.key, 0, "HTTP_FILTER", "INSERT_BEFORE", effective, "as foretold")


def test_an_outcome_is_what_the_listeners_show():
    first, config = documents.parse(rendering.render(URL, "{}", name="x"), source="made here")
    there, nowhere = [listener(discovered("x"))], [listener(plain("y"))]

    def shown(effective, sent):
        [one] = received.shown([outcome(first, effective)], [first, config], sent)
        return one.effective, one.sentence

    assert shown(True, there) == (True, "as foretold")
    assert shown(False, nowhere) == (False, "as foretold")
    assert shown(True, nowhere) == (
        False,
        "istiod put the filter x into no listener; foretold: as foretold",
    )
    assert shown(False, there)[0] is True
    [other] = received.shown([outcome(config, False)], [first, config], there)
    assert other.effective is False, "an EXTENSION_CONFIG brings no filter"
