"""Filters that crash on purpose, one for each language."""

import pytest

from filters import crashes, sources
from filters.declaration import LANGUAGE_NAMES


def test_every_language_has_its_crash():
    assert set(crashes.CRASHES) == set(LANGUAGE_NAMES)


@pytest.mark.parametrize("language", crashes.CRASHES)
def test_a_crash_is_made_of_the_project_that_a_filter_begins_with(tmp_path, language):
    source = crashes.source(language, tmp_path)
    edit = crashes.CRASHES[language].edit

    files = sources.tree(source, {})
    assert edit.new.encode() in files[edit.file]
    assert (source.language, source.name) == (language, f"crash-{language}")
    assert "README.md" not in files, "it names its folder, and each run would build anew"


def test_how_another_language_crashes_is_not_known(tmp_path):
    with pytest.raises(sources.InvalidSource, match="how a filter in 'wasm' crashes is not known"):
        crashes.source("wasm", tmp_path)
