"""Cases of the agent's say what they show, and an answer has names for what is chance."""

import json
from pathlib import Path

import pytest

from clusters.pilot.wasm_extension import TYPED_STRUCT, WASM
from tests.differential.agent import bodies, cases, kept, servers
from tests.differential.agent.cases import Case, extension
from tests.differential.agent.playing import AS_SENT, play
from tests.differential.agent.told import Told
from tests.differential.agent.world import World


@pytest.fixture
def world(tmp_path):
    with servers.running(tmp_path) as running:
        yield World(running)


class Made:
    """An agent that makes what a test says of the only extension that it is sent."""

    def __init__(self, modules, made, **told):
        self.modules, self.seen_as, self.made, self.told = modules, "/data", made, told
        self.about: tuple[str, ...] = ()

    def respond(self, resources, removed, about):
        self.about = about
        return Told({name: self.made(one) for name, one in resources.items()}, **self.told)


def case(**step):
    return Case("subject/case", "it", {}, (), False, False, (step,))


def sent(**told):
    return case(files={"a.wasm": "one"}, send={"x": {"url": "http://files.test/a.wasm"} | told})


def test_what_reaches_the_proxy_unchanged_is_kept_in_two_words(world, tmp_path):
    [answer] = play(sent(), world, Made(tmp_path, lambda one: one))

    assert answer == {"forwarded": {"x": AS_SENT}}


def test_what_an_agent_changes_is_kept_as_what_it_changed(world, tmp_path):
    def made(resource):
        config = resource["typed_config"]["config"]
        return {"name": "x", "typed_config": {"@type": WASM, "config": {"name": config["name"]}}}

    [answer] = play(sent(), world, Made(tmp_path, made))

    assert answer == {"forwarded": {"x": {"removed": ["typed_config > config > vm_config"]}}}


def test_a_file_is_told_by_its_address_its_sum_and_what_it_holds(world, tmp_path):
    def made(resource):
        uri = resource["typed_config"]["config"]["vm_config"]["code"]["remote"]["http_uri"]["uri"]
        folder = next(sum for sum, name in world._parts.items() if "a.wasm" in name)
        assert uri.startswith("http://127.0.0.1:")
        return {"name": "x", "typed_config": f"/data/{folder}/{ONE}.wasm"}

    ONE = next(sum for sum, name in world._sums.items() if name == "<sha256 of one>")
    world.arrange({"files": {"a.wasm": "one"}})
    folder = tmp_path / next(sum for sum, name in world._parts.items() if "a.wasm" in name)
    folder.mkdir()
    (folder / f"{ONE}.wasm").write_bytes(bodies.TWO)

    [answer] = play(sent(), world, Made(tmp_path, made))
    assert answer["forwarded"]["x"]["changed"] == {
        "typed_config": "<modules>/<http://files.test/a.wasm>/<sha256 of one>.wasm holding two"
    }


def test_an_agents_words_are_kept_without_what_is_chance(world, tmp_path):
    world.arrange({"files": {"a.wasm": "one"}, "images": {"plugin": "one"}})
    urls = [world.real(one) for one in ("http://files.test/a.wasm", "oci://registry.test/plugin:1")]
    words = (
        f"cannot fetch {urls[0]}: read 127.0.0.1:3456->127.0.0.1:1",
        f"{urls[1]}:\n\t* got {'0' * 64} after reading 17 bytes",
        'no remote and local load found in Wasm HTTP filter config:{name:"p"} * and more',
    )

    [answer] = play(sent(), world, Made(tmp_path, lambda one: one, failures=words))
    assert answer["failures"] == [
        "cannot fetch http://files.test/a.wasm: read <client>->127.0.0.1:1",
        "no remote and local load found in Wasm HTTP filter <printed> * and more",
        "oci://registry.test/plugin:1: * got <another sum> after reading <n> bytes",
    ]


def test_what_a_nack_says_is_not_said_twice(world, tmp_path):
    agent = Made(tmp_path, lambda one: one, failures=("a b",), nack="a\n\tb")

    [answer] = play(sent(), world, agent)
    assert (answer["nack"], "failures" in answer) == ("a\n\tb", False)


def test_an_agents_words_are_told_apart_by_case_and_address(world, tmp_path):
    agent = Made(tmp_path, lambda one: one)
    play(sent(), world, agent)

    assert agent.about[0] == "subject/case"
    assert agent.about[1].endswith("/a.wasm")


def test_an_extension_may_be_written_in_short():
    told = {"url": "u", "sha256": "s", "timeout": "1s", "version": "2", "env": {"A": "1"}}
    made = extension("x", told | {"config": {"fail_open": True}, "vm": {"vm_id": "v"}}, "s/c")

    assert made == {
        "name": "x",
        "typed_config": {
            "@type": WASM,
            "config": {
                "name": "s/c",
                "fail_open": True,
                "vm_config": {
                    "runtime": "envoy.wasm.runtime.v8",
                    "vm_id": "v",
                    "code": {
                        "remote": {
                            "http_uri": {"uri": "u", "timeout": "1s", "cluster": "_"},
                            "sha256": "s",
                        }
                    },
                    "environment_variables": {
                        "key_values": {"ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION": "2", "A": "1"}
                    },
                },
            },
        },
    }


def test_an_extension_may_be_in_a_struct_or_written_out():
    typed = extension("x", {"url": "u", "form": "typed_struct"}, "s/c")["typed_config"]
    written = {"typed_config": {"@type": WASM}}

    assert (typed["@type"], typed["type_url"]) == (TYPED_STRUCT, WASM)
    assert extension("x", written, "s/c") == {"name": "x"} | written


def test_a_field_that_no_extension_has_is_refused():
    with pytest.raises(ValueError, match=r"s/c: an extension has no \['colour'\]"):
        extension("x", {"url": "u", "colour": "red"}, "s/c")


BAD = {
    "nothing to show": "a: {send: {}}",
    "an unknown key": "a: {shows: it, sent: {}}",
    "a step beside steps": "a: {shows: it, steps: [{send: {}}], send: {}}",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_a_case_that_says_too_little_or_too_much_is_refused(tmp_path, text):
    (tmp_path / "subject.yaml").write_text(text)

    with pytest.raises(ValueError, match="subject/a: says nothing under `shows`, or knows no"):
        cases.known(tmp_path)


def test_answers_are_kept_by_subject_and_forgotten_with_their_case(tmp_path: Path):
    kept.write("1.0", {"s/a": [{}], "s/b": [{"nack": "no"}]}, {"s/a", "s/b"}, tmp_path)
    kept.write("1.0", {"t/c": [{}]}, {"s/b", "t/c"}, tmp_path)

    assert kept.names("1.0", tmp_path) == {"s/b", "t/c"}
    assert kept.read("1.0", "s/b", tmp_path) == [{"nack": "no"}]
    assert json.loads((tmp_path / "1.0/agent/s.json").read_text()) == {"b": [{"nack": "no"}]}
