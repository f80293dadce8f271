from types import SimpleNamespace

from filters import toolchains
from filters.survey import Row, survey, table
from filters.toolchain import ToolchainMissing


def missing():
    raise ToolchainMissing("Go filters are built with go,\nand there is none on PATH\nHint: get go")


def test_a_survey_tells_versions_reasons_and_what_to_do():
    rows = survey({"cpp": lambda: SimpleNamespace(version="zig 1"), "go": missing})

    assert rows == (
        Row("cpp", tools="zig 1"),
        Row("go", missing="Go filters are built with go, and there is none on PATH", hint="get go"),
    )


def test_the_table_puts_the_command_under_what_is_missing():
    rows = (Row("cpp", tools="zig 1"), Row("go", missing="no go", hint="get go"))

    assert table(rows) == ("cpp  zig 1  usable\ngo   –      missing: no go\n     get go\n")


def test_every_language_that_can_be_built_is_surveyed():
    assert [row.language for row in survey(toolchains.FINDERS)] == list(toolchains.LANGUAGES)
