"""filter.toml: what it says, what is wrong with one, and its published schema."""

import json

import pytest

from filters import contracts, declaration, toolchains
from filters.sources import HERE

SOUND = 'contract = "headers"\nlanguage = "cpp"\n'

WRONG = {
    "not TOML": ("name = ", "is not valid TOML: Invalid value"),
    "a key misspelt": (
        SOUND + "configuraton = ''\n",
        "unknown key 'configuraton'; known are name, contract, language, configuration, "
        "max_overhead. Did you mean 'configuration'?",
    ),
    "a key like no other": (SOUND + "x = 1\n", "unknown key 'x'; known are name, .*max_overhead$"),
    "two mistakes": (
        'contrct = "any"\nlanguage = "cpp"\n',
        "contract is missing; unknown key 'contrct'.* 'contract'",
    ),
    "no language": ('contract = "headers"\n', "^language is missing"),
    "no text": (SOUND.replace('"cpp"', "1"), "language: must be a text, is 1"),
    "an empty name": (SOUND + 'name = ""\n', "name: '' is no name"),
    "a name that documents cannot carry": (SOUND + 'name = "My_Auth"\n', "name: 'My_Auth' is no"),
    "an unknown contract": (
        SOUND.replace("headers", "header"),
        "contract: there is no contract 'header'; known are headers, basic-auth, any. "
        "Did you mean 'headers'",
    ),
    "an unknown language": (
        SOUND.replace("cpp", "assemblyscrpt"),
        "language: nothing here builds 'assemblyscrpt'; known are .*Did you mean 'assemblyscript'",
    ),
    "a configuration that is a number": (
        SOUND + "configuration = 7\n",
        "^configuration: must be a text, or a table that JSON can hold",
    ),
    "a budget without a unit": (
        SOUND + 'max_overhead = "2500"\n',
        "max_overhead: '2500' is no time such as 2.5us",
    ),
    "a budget that is a number": (SOUND + "max_overhead = 2500\n", "max_overhead: must be a text"),
    "a configuration with a date": (
        SOUND + "[configuration]\nday = 2021-02-09\n",
        "configuration: must be a text, or a table that JSON can hold",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_named_by_its_key(case):
    text, reason = WRONG[case]

    with pytest.raises(declaration.InvalidDeclaration, match=reason):
        declaration.parse(text, folder="mine")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("configuration = '{\"a\": 1}'\n", '{"a": 1}'),
        ("configuration = 'no JSON'\n", "no JSON"),
        ("[configuration]\nadd = {x = ['ä', 1]}\n", '{"add": {"x": ["ä", 1]}}'),
        ("", contracts.find("headers").configuration),
        ("configuration = ''\n", contracts.find("headers").configuration),
    ],
    ids=["JSON", "text", "table", "none", "empty"],
)
def test_a_configuration_is_text_for_the_filter(written, read):
    assert declaration.parse(SOUND + written, folder="mine").configuration_text == read


@pytest.mark.parametrize(
    ("written", "ns"),
    [
        ("", None),
        ("max_overhead = ''\n", None),
        ("max_overhead = '900ns'\n", 900),
        ("max_overhead = '2.5us'\n", 2500),
        ("max_overhead = '2.5 µs'\n", 2500),
        ("max_overhead = '1ms'\n", 1_000_000),
    ],
)
def test_a_budget_is_a_time_with_a_unit(written, ns):
    assert declaration.parse(SOUND + written, folder="mine").max_overhead_ns == ns


def test_the_contract_any_has_no_example():
    found = declaration.parse(SOUND.replace("headers", "any"), folder="mine")

    assert found.configuration_text == ""


@pytest.mark.parametrize(
    ("folder", "name"),
    [("demo", "demo"), ("basic_auth", "basic-auth"), ("My Filter.v2", "my-filter-v2"), ("_", None)],
)
def test_a_filter_without_a_name_goes_by_its_folder(folder, name):
    assert declaration.parse(SOUND, folder=folder).name == (name or "filter")


def test_the_published_schema_is_current():
    published = HERE / "filter.schema.json"

    assert published.read_text("utf-8") == declaration.schema(), (
        "Hint: python -m filters schema > filters/filter.schema.json"
    )


def test_the_schema_names_every_contract_and_every_language_that_is_built():
    properties = json.loads(declaration.schema())["properties"]

    assert properties["contract"]["enum"] == [contract.name for contract in contracts.known()]
    assert set(toolchains.LANGUAGES) <= set(properties["language"]["enum"])
