from pathlib import Path

import pytest

from reports.catalogue import BadCatalogue, Catalogue, UnknownRequirement, load

GOOD = {
    "sentence": '"It holds."',
    "level": '"core"',
    "contract": '"headers"',
    "source": '"section 1"',
}


def table(name: str = "HDR-1", **changed: str | None) -> str:
    keys = {key: value for key, value in {**GOOD, **changed}.items() if value is not None}
    return "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in keys.items())])


def catalogue(folder: Path, text: str) -> Catalogue:
    path = folder / "requirements.toml"
    path.write_text(text)
    return load(path)


def test_requirements_keep_their_order_and_every_key(tmp_path: Path) -> None:
    found = catalogue(tmp_path, table("HDR-2", since='"1.9"', until='"1.31"') + "\n" + table())

    assert [each.id for each in found] == ["HDR-2", "HDR-1"]
    first = found["HDR-2"]
    assert (
        first.sentence,
        first.level,
        first.contract,
        first.source,
        first.since,
        first.until,
    ) == (
        "It holds.",
        "core",
        "headers",
        "section 1",
        "1.9",
        "1.31",
    )
    assert found["HDR-1"].since is None


def test_a_missing_file_is_an_empty_catalogue_that_says_so_when_asked(tmp_path: Path) -> None:
    found = load(tmp_path / "none.toml")

    assert list(found) == []
    with pytest.raises(UnknownRequirement, match=r"there is no catalogue at .*none\.toml"):
        found["HDR-1"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param(table(level='"must"'), "[HDR-1] level: Input should be 'core', ", id="level"),
        pytest.param(table(sentence=None), "[HDR-1] sentence: Field required", id="missing"),
        pytest.param(table(sentence='""'), "[HDR-1] sentence: String should", id="empty"),
        pytest.param(table(sentense='"x"'), "[HDR-1] sentense: Extra inputs", id="misspelt"),
        pytest.param(table(since='"v1"'), "[HDR-1] since: String should match", id="release"),
        pytest.param(table(id='"HDR-2"'), "[HDR-1] id: the name of the table", id="id"),
        pytest.param(table("hdr1"), "[hdr1] id: String should match", id="shape"),
        pytest.param('level = "core"', "level must be a table", id="no-table"),
        pytest.param("[HDR-1", "cannot read the requirement catalogue", id="no-toml"),
        pytest.param(f"{table()}\n{table()}", "cannot read the requirement", id="twice"),
    ],
)
def test_a_wrong_catalogue_is_refused_with_file_and_key(
    tmp_path: Path, text: str, named: str
) -> None:
    with pytest.raises(BadCatalogue) as refused:
        catalogue(tmp_path, text)

    assert str(tmp_path / "requirements.toml") in str(refused.value)
    assert named in str(refused.value)


def test_a_folder_in_the_place_of_the_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadCatalogue, match="cannot read the requirement catalogue"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [
        (["HDR-1"], {"HDR-1"}),
        (["HDR-*"], {"HDR-1", "HDR-2"}),
        (["*-1", "HDR-2"], {"HDR-1", "HDR-2", "AUTH-1"}),
        ([], set()),
    ],
    ids=["id", "glob", "several", "none"],
)
def test_patterns_select_ids(tmp_path: Path, patterns: list[str], chosen: set[str]) -> None:
    found = catalogue(tmp_path, "\n".join([table("HDR-1"), table("HDR-2"), table("AUTH-1")]))

    assert found.select(patterns) == chosen


@pytest.mark.parametrize("pattern", ["HDR-11", "hdr-1", "HRD-1"])
def test_an_unknown_id_comes_with_near_matches(tmp_path: Path, pattern: str) -> None:
    found = catalogue(tmp_path, table("HDR-1"))

    with pytest.raises(UnknownRequirement, match=f"'{pattern}'.*did you mean HDR-1"):
        found.select([pattern])


def test_an_id_unlike_any_other_comes_without_a_guess(tmp_path: Path) -> None:
    found = catalogue(tmp_path, table("HDR-1"))

    with pytest.raises(UnknownRequirement) as refused:
        found["ZZZZ-99999"]
    assert "did you mean" not in str(refused.value)
