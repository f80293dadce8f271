"""What pilot-agent's log tells of modules; the texts are made up here."""

import pytest

from clusters.istio.agent_log import AgentLog

TIME = "2026-11-25T01:00:00.000000Z"
FAILED = "cannot fetch Wasm module http://r.test/x.wasm: status code 404"
SHAPE = "cannot fetch Wasm module oci://r.test/x:1: could not fetch Wasm binary: 2 errors occurred:"
END = f"{TIME}\tdebug\txdsproxy\tdelta request\tid=1 type=ECDS"


def wasm(text):
    return f"{TIME}\terror\twasm\t{text}"


def nack(text):
    return f'{TIME}\tdebug\txdsproxy\tsending NACK for ECDS resources [name:"x"], err: {text}'


def forwarded(names):
    return f"{TIME}\tdebug\txdsproxy\tforward ECDS\tresources=[{names}] removes=[]"


def heard(*lines):
    log = AgentLog()
    log.read([*lines, END])
    return log


def test_a_module_that_was_substituted_is_told_in_the_agents_words():
    substituted = (
        f"error in converting the wasm config to local: {FAILED}. applying deny RBAC filter"
    )
    log = heard(wasm(substituted), wasm(substituted))

    assert (log.failures, log.nack) == ([FAILED], "")


def test_a_response_that_was_held_back_is_a_nack_too():
    log = heard(wasm(f"convert the wasm config: {FAILED}"), nack(FAILED))

    assert (log.failures, log.nack) == ([FAILED], FAILED)


def test_a_failure_of_several_lines_stays_one():
    log = heard(wasm(f"convert the wasm config: {SHAPE}"), "\t* one", "\t* two", "")

    assert log.failures == [f"{SHAPE} * one * two"]


def test_failures_of_several_modules_are_told_one_by_one():
    text = "convert the wasm config: 2 errors occurred:"
    log = heard(wasm(text), f"\t* {SHAPE}", "\t* one", f"\t* {FAILED}", "")

    assert log.failures == [f"{SHAPE} * one", FAILED]


@pytest.mark.parametrize(
    "text",
    [
        'no remote and local load found in Wasm HTTP filter config:{name:"p"}',
        'typed extension config name:"x" does not contain any typed config',
        "failed to convert extension config struct x to Wasm Network filter",
    ],
)
def test_what_cannot_be_read_is_told_apart_from_what_cannot_be_fetched(text):
    said = "convert the wasm config: 2 errors occurred:"

    assert heard(wasm(said), f"\t* {FAILED}", f"\t* {text}", "").failures == [FAILED, text]


def test_a_line_that_is_still_to_come_belongs_to_the_failure_before_it():
    log = AgentLog()
    log.read([wasm(f"convert the wasm config: {SHAPE}")])
    assert log.failures == []

    log.read(["\t* one", END])
    assert log.failures == [f"{SHAPE} * one"]


def test_what_was_forwarded_is_remembered_and_failures_are_not():
    log = heard(
        forwarded("a b"), forwarded(""), wasm(f"convert the wasm config: {FAILED}"), nack("x")
    )
    log.begin()
    log.read([forwarded("c"), END])

    assert (log.forwarded, log.failures, log.nack) == ({"a", "b", "c"}, [], "")
