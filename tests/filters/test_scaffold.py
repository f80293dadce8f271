"""What `python -m filters init` writes, and what it refuses to."""

import json
import tomllib

import pytest

from clusters import manifest, release
from filters import declaration, sources
from filters.scaffold import project
from filters.scaffold.project import InvalidProject, create

LANGUAGES = [starter.language for starter in project.STARTERS]


def test_there_is_a_project_for_every_language():
    assert set(LANGUAGES) == set(declaration.LANGUAGE_NAMES)


@pytest.mark.parametrize("language", LANGUAGES)
class TestProject:
    """A new project of each language."""

    @pytest.fixture
    def folder(self, tmp_path, language):
        create(tmp_path / "my-demo", language)
        return tmp_path / "my-demo"

    def test_holds_the_files_of_the_published_example(self, folder, language):
        starter = next(each for each in project.STARTERS if each.language == language)
        found = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}

        common = {"README.md", "filter.toml", "runtime-config.json", "envoyfilter.yaml"}
        assert found >= common | {starter.source, "test_my_demo.py"}
        assert not [name for name in found if name.endswith(".in")]
        assert "hello" in (folder / starter.source).read_text("utf-8")

    def test_leaves_no_placeholder(self, folder, language):
        for path in folder.rglob("*"):
            if path.is_file() and path.name != "package-lock.json":
                text = path.read_text("utf-8")
                assert not [word for word in ("@NAME", "@LANG", "@FOLD", "@ABI") if word in text]

    def test_is_a_filter(self, folder, language):
        source = sources.read(folder)

        assert (source.name, source.contract, source.language) == ("my-demo", "any", language)

    def test_has_a_runtime_configuration(self, folder, language):
        config = json.loads((folder / "runtime-config.json").read_text())

        assert config["type"] == "envoy_proxy"
        assert config["config"] == {"rootIds": ["my-demo"]}

    def test_has_documents_that_the_newest_and_the_oldest_release_take(self, folder, language):
        for name in ("1.9", "1.31"):
            found = manifest.read([folder / "envoyfilter.yaml"], release.find(name))
            assert found.urls == ("http://files.example/my-demo/filter.wasm",)

    def test_names_its_commands_in_the_readme(self, folder, language):
        readme = (folder / "README.md").read_text("utf-8")

        assert f"filters build {folder}" in readme
        assert "\n$ " in readme.split("Without the suite:")[1]


def test_the_crate_has_a_lock_that_fits_the_bundled_one():
    bundled = tomllib.loads((sources.HERE / "Cargo.lock").read_text())["package"]
    template = project.TEMPLATES / "rust" / "Cargo.lock.in"
    known = {(each["name"], each["version"]) for each in bundled}

    own = tomllib.loads(template.read_text())["package"]
    assert {(each["name"], each["version"]) for each in own} - known == {("filter", "0.1.0")}


def test_a_folder_in_the_suite_is_called_as_from_the_suite(tmp_path):
    inside = project._from_suite(sources.HERE.parent / "demo")
    outside = project._from_suite(tmp_path / "a demo")

    assert inside == "demo"
    assert outside == f"'{tmp_path}/a demo'"


@pytest.mark.parametrize(
    "name", ["Demo", "my_demo", "1st", "-x", "x-", "a--b", "a.b", "ä", "x" * 51, "a b"]
)
def test_a_name_that_no_document_could_carry_is_refused(tmp_path, name):
    with pytest.raises(InvalidProject, match=r"is no name for a filter: .*\nHint: "):
        create(tmp_path / name, "cpp")

    assert not list(tmp_path.iterdir())


def test_nothing_is_ever_overwritten(tmp_path):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "mine.txt").write_text("mine")

    with pytest.raises(InvalidProject, match="demo is not empty, and nothing is overwritten"):
        create(tmp_path / "demo", "cpp")
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "demo").mkdir()

    assert tmp_path / "demo" / "filter.cc" in create(tmp_path / "demo", "cpp")


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "demo").write_text("a file")

    with pytest.raises(InvalidProject, match=r"cannot write to .*demo: "):
        create(tmp_path / "demo", "cpp")
