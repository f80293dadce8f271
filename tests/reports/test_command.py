import json
from pathlib import Path

import pytest

import reports
from reports.__main__ import main, schema
from tests.reports.sample import GOLDEN, SAMPLE

PUBLISHED = Path(reports.__file__).parent / "report.schema.json"


def test_the_published_schema_is_current() -> None:
    assert schema() == PUBLISHED.read_text(encoding="utf-8"), (
        "Hint: python -m reports schema > reports/report.schema.json"
    )


def test_the_schema_knows_every_key_of_a_report_and_no_other() -> None:
    published = json.loads(schema())

    assert set(published["properties"]) == set(json.loads(SAMPLE.model_dump_json()))
    assert published["additionalProperties"] is False
    assert published["$defs"]["Check"]["additionalProperties"] is False


def test_schema_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == schema()


def test_show_prints_what_the_run_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(GOLDEN)

    assert main(["show", "report.json"]) == 0
    shown = capsys.readouterr().out
    committed = (GOLDEN / "report.txt").read_text(encoding="utf-8")
    assert shown == committed.replace("reports/out/", "")


@pytest.mark.parametrize(("form", "opening"), [("md", "# FAIL: "), ("html", "<!doctype html>")])
def test_render_prints_another_form(
    form: str, opening: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", str(GOLDEN / "report.json"), "--to", form]) == 0
    assert capsys.readouterr().out.startswith(opening)


def changed(**keys: object) -> str:
    return json.dumps({**json.loads(SAMPLE.model_dump_json()), **keys})


@pytest.mark.parametrize(
    ("content", "named"),
    [
        pytest.param("{", "Invalid JSON", id="not-json"),
        pytest.param("[]", "Input should be an object", id="no-object"),
        pytest.param(changed(schema_version=2), "at schema_version: Input should be 1", id="newer"),
        pytest.param(changed(extra=1), "at extra: Extra inputs", id="unknown-key"),
        pytest.param(changed(verdict="maybe"), "at verdict: Input should be", id="verdict"),
        pytest.param(changed(requirements=[]), "AUTH-1 is not among its requirements", id="torn"),
    ],
)
def test_a_file_that_is_no_report_is_one_line_and_exit_code_2(
    tmp_path: Path, content: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "report.json"
    path.write_text(content)

    assert main(["show", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"reports: {path} is no report")
    assert named in err
    assert err.count("\n") == 1


def test_a_missing_file_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", str(tmp_path / "none.json"), "--to", "md"]) == 2
    assert capsys.readouterr().err == (
        f"reports: cannot read {tmp_path / 'none.json'}: No such file or directory\n"
    )


@pytest.mark.parametrize("arguments", [[], ["compare"], ["render", "x.json", "--to", "pdf"]])
def test_a_wrong_command_is_exit_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
