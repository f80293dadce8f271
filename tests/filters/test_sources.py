"""A folder with a filter.toml is a filter; what is wrong with one is said."""

import pytest

from filters import contracts, given, probes, sources
from filters.module import Module
from filters.sources import Edit, Source
from tests.filters.handmade import module

SOUND = 'name = "mine"\ncontract = "headers"\nlanguage = "cpp"\n'

WRONG = {
    "not TOML": ("name = ", "is not valid TOML: Invalid value"),
    "unknown key": (SOUND + "langauge = 1\n", "unknown key 'langauge'.* Did you mean 'language'"),
    "unknown contract": (
        SOUND.replace("headers", "header"),
        "there is no contract 'header'; known are headers, basic-auth, any. Did you mean 'headers'",
    ),
}


def written(folder, text):
    (folder / "filter.toml").write_text(text)
    return folder


def test_a_folder_is_read(tmp_path):
    source = sources.read(written(tmp_path, SOUND))

    configuration = contracts.find("headers").configuration
    assert source == Source(tmp_path, "mine", "headers", "cpp", configuration=configuration)
    assert source.label == "mine cpp"


def test_a_folder_without_a_name_goes_by_its_own(tmp_path):
    folder = tmp_path / "Own_Auth"
    folder.mkdir()

    assert sources.read(written(folder, SOUND.replace('name = "mine"', ""))).name == "own-auth"


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_manifest_is_named_with_its_path(tmp_path, case):
    text, reason = WRONG[case]

    with pytest.raises(sources.InvalidSource, match=f"{tmp_path}/filter.toml.*{reason}"):
        sources.read(written(tmp_path, text))


def test_a_folder_without_a_manifest_is_no_filter(tmp_path):
    with pytest.raises(sources.InvalidSource, match=r"(?s)is no filter: No such file.*Hint: give"):
        sources.read(tmp_path)


def test_both_contracts_have_a_bundled_filter():
    found = {(s.contract, s.language) for s in sources.bundled()}

    assert {contract for contract, _ in found} == {"basic-auth", "headers"}
    for language in {language for _, language in found}:
        assert {("basic-auth", language), ("headers", language)} <= found


def test_edits_are_made_where_they_fit_exactly_once(tmp_path):
    (tmp_path / "a.cc").write_text("one two two")

    def body(edit):
        return sources.tree(Source(tmp_path, "m", "any", "cpp", edits=(edit,)), {})["a.cc"]

    assert body(Edit("a.cc", "one", "1")) == b"1 two two"
    for edit, count in (
        (Edit("a.cc", "two", "2"), 2),
        (Edit("a.cc", "three", "3"), 0),
        (Edit("b.cc", "one", "1"), 0),
    ):
        with pytest.raises(sources.InvalidSource, match=f"m: .* occurs {count} times in "):
            body(edit)


def test_what_lies_beside_a_source_gets_the_name_that_the_build_expects(tmp_path):
    for name in ("mine/a.cc", "abi/b.h", "one.ts"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    beside = {"abi": tmp_path / "abi", "../one.ts": tmp_path / "one.ts"}

    files = sources.tree(Source(tmp_path / "mine", "m", "any", "cpp"), beside)

    assert files == {"a.cc": b"mine/a.cc", "abi/b.h": b"abi/b.h", "../one.ts": b"one.ts"}


def test_what_is_wanted_beside_a_source_and_missing_is_named(tmp_path):
    source = Source(tmp_path, "m", "any", "go")

    with pytest.raises(sources.InvalidSource, match=r"m go: \.\./x is wanted, and there is no "):
        sources.tree(source, {"../x": tmp_path / "x"})


def test_what_tools_leave_in_a_folder_is_no_source(tmp_path):
    for name in (
        "node_modules/a/b.ts",
        ".git/x.ts",
        "sub/__pycache__/y",
        "sub/old.wasm",
        "sub/a.ts",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)

    assert list(sources.files(tmp_path)) == ["sub/a.ts"]


def test_every_contract_names_a_suite_and_a_promise():
    assert [c.name for c in contracts.known()] == ["headers", "basic-auth", "any"]
    assert all(c.sentence and c.suites.startswith("suites/") for c in contracts.known())


def test_an_unknown_probe_names_the_known_ones():
    with pytest.raises(sources.InvalidSource, match=r"no probe 'tarp'; there are .*, trap, "):
        probes.source("tarp")


class TestGiven:
    """What --filter=PATH may name."""

    def test_a_folder_says_its_contract_itself(self, tmp_path):
        assert given.read(written(tmp_path, SOUND), None).contract == "headers"

    def test_a_module_goes_by_the_contract_that_is_named(self, tmp_path):
        path = tmp_path / "Their_auth.wasm"  # no name that a document could carry
        path.write_bytes(module())

        found = given.read(path, "basic-auth")

        assert isinstance(found, Module)
        assert (found.label, found.contract) == ("their-auth wasm", "basic-auth")
        assert found.read() == module()
        assert found.configuration == contracts.find("basic-auth").configuration

    def test_a_module_is_given_its_configuration_as_a_file(self, tmp_path):
        path, text = tmp_path / "theirs.wasm", tmp_path / "theirs.json"
        path.write_bytes(module())
        text.write_text('{"ä": 1}\n')

        assert given.read(path, "any", text).configuration == '{"ä": 1}\n'
        assert given.read(path, "any").configuration == ""

    def test_a_configuration_that_cannot_be_read_is_named(self, tmp_path):
        path, binary = tmp_path / "theirs.wasm", tmp_path / "binary"
        path.write_bytes(module())
        binary.write_bytes(b"\xff")

        for text, reason in ((tmp_path / "none", "No such file"), (binary, "can't decode")):
            with pytest.raises(given.InvalidFilter, match=f"--configuration={text}: .*{reason}"):
                given.read(path, "any", text)

    @pytest.mark.parametrize(
        ("body", "contract", "reason"),
        [
            (module(), None, r"known are headers, basic-auth, any\nHint: add --contract=headers"),
            (module(), "auth", "there is no contract 'auth'; known are headers, basic-auth, any"),
            (b"<html>", "headers", "theirs.wasm is not Wasm: it begins with 3c 68"),
            (b"", "headers", "theirs.wasm is not Wasm: it begins with nothing"),
            (module()[:-1], "headers", "theirs.wasm is truncated or damaged"),
            (module(exports=()), "headers", "does not export the ABI version"),
            (None, "headers", "no such file or folder\nHint: give a .wasm file, or a folder"),
        ],
        ids=["no contract", "unknown", "html", "empty", "truncated", "no ABI", "missing"],
    )
    def test_anything_else_is_refused_with_the_path_and_the_reason(
        self, tmp_path, body, contract, reason
    ):
        path = tmp_path / "theirs.wasm"
        if body is not None:
            path.write_bytes(body)

        with pytest.raises(given.InvalidFilter, match=f"(?s)--filter={path}: .*{reason}"):
            given.read(path, contract)

    def test_a_folder_in_a_language_that_nothing_builds_is_refused(self, tmp_path):
        folder = written(tmp_path, SOUND.replace("cpp", "cobol"))

        with pytest.raises(given.InvalidFilter, match="language: nothing here builds 'cobol'"):
            given.read(folder, None)

    def test_a_folder_and_another_contract_contradict_each_other(self, tmp_path):
        with pytest.raises(given.InvalidFilter, match=r"its filter.toml says 'headers'\nHint"):
            given.read(written(tmp_path, SOUND), "basic-auth")

    def test_a_folder_and_a_configuration_beside_it_contradict_each_other(self, tmp_path):
        with pytest.raises(given.InvalidFilter, match=r"says it in filter.toml\nHint"):
            given.read(written(tmp_path, SOUND), None, tmp_path / "x.json")
