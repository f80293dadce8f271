"""A filter that crashes: what it takes along, and what it does not."""

from __future__ import annotations

import pytest

from suites.delivery.answers import answers, broken, problems

pytestmark = pytest.mark.contract("headers")


@pytest.mark.requirement("ISO-2")
@pytest.mark.claim("A filter that crashes does not take the proxy down.")
def test_a_crash_ends_the_request_and_nothing_else(
    cluster, gateway, publisher, wasm_filter, crashing_module, record_property
):
    crashing, how = crashing_module(wasm_filter.language)
    before, process = answers(gateway), cluster.process

    with cluster.delivered(
        cluster.render(publisher.publish(crashing), "", name=crashing.name, vm_id=crashing.name)
    ) as delivery:
        assert problems(delivery) == []
        crashed = answers(gateway)
        assert cluster.process == process
        sound = cluster.render(
            publisher.publish(wasm_filter), wasm_filter.configuration, name=wasm_filter.name
        )
    with cluster.applied(sound):
        after = answers(gateway)

    statuses = ", ".join(str(status) for status in sorted(set(crashed.values())))
    record_property(
        "measured",
        f"{how} in the first request: that and {len(crashed) - 1} more are answered {statuses}; "
        f"{cluster.process} as before; a sound filter in its place serves at once",
    )
    assert broken(crashed) == crashed, "the filter did not crash at all"
    assert broken(after) == {}
    assert answers(gateway) == before
    assert cluster.process == process
