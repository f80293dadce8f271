"""A context is taken by its name alone, and every file that is none says so."""

import pytest
import yaml

from clusters.apply import BadKubeconfig
from clusters.existing import contexts


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    def written(name, *names, current=""):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        found = {"contexts": [{"name": one} for one in names], "current-context": current}
        path.write_text(yaml.safe_dump(found))
        return path

    return written


def test_a_context_is_found_by_its_name(write):
    path = write("config", "lab", "prod")

    assert contexts.find("prod", path) == contexts.Context(path, "prod")


def test_without_a_name_not_even_the_current_context_is_taken(write):
    path = write("config", "lab", "prod", current="prod")

    with pytest.raises(contexts.BadContext, match=r"not even the current one\n.*lab, prod\nHint: "):
        contexts.find(None, path)


def test_a_name_that_is_not_there_is_told_with_those_that_are(write):
    with pytest.raises(contexts.BadContext, match=r"no context 'lap': .* has lab, prod\nHint: "):
        contexts.find("lap", write("config", "lab", "prod"))


def test_without_a_path_the_variable_counts_and_then_the_home_folder(write, monkeypatch):
    home, named = write("home/.kube/config", "at-home"), write("named", "named")

    assert contexts.find("at-home").kubeconfig == home
    monkeypatch.setenv("KUBECONFIG", str(named))
    assert contexts.find("named").kubeconfig == named


def test_of_several_files_each_may_have_the_context_and_some_may_be_missing(write, monkeypatch):
    first, second = write("first", "a"), write("second", "b")
    monkeypatch.setenv("KUBECONFIG", f"{first}:{second}:{first.with_name('missing')}")

    assert contexts.find("b").name == "b"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("contexts: [", "cannot be used: while parsing"),
        ("contexts: 3", "cannot be used: it has no list of contexts"),
        ("[]", "cannot be used: it has no list of contexts"),
        ("contexts: [a]", "cannot be used: it has no list of contexts"),
        (b"\xff\xfe\x00", "cannot be used: it is no text"),
    ],
)
def test_a_file_that_is_no_kubeconfig_is_told_in_words(tmp_path, text, told):
    path = tmp_path / "config"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(BadKubeconfig, match=told):
        contexts.find("lab", path)


@pytest.mark.parametrize(
    ("name", "why"), [("missing", "No such file or directory"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_read_is_told_with_the_reason(tmp_path, name, why):
    with pytest.raises(BadKubeconfig, match=f"cannot be read: {why}\nHint: --kubeconfig"):
        contexts.find("lab", tmp_path / name)


@pytest.mark.parametrize("text", ["", "contexts: []", "contexts: null", "apiVersion: v1"])
def test_a_file_without_contexts_is_told_as_such(tmp_path, text):
    path = tmp_path / "config"
    path.write_text(text)

    with pytest.raises(contexts.BadContext, match="has no contexts"):
        contexts.find("lab", path)
