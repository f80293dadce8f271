"""The filters of every language answer, part by part, what the C++ ones answer.

The tables are those of the C++ parts; each is asked once, all in one start of a real proxy.
"""

import re
from pathlib import Path

import pytest

from filters import build, sources, toolchains
from tests.filters import test_basic_auth_parts as basic_auth
from tests.filters import test_headers_parts as headers
from tests.filters import test_json, validation

PORTS = Path(__file__).with_name("ports")
LANGUAGES = [path.name for path in sorted(PORTS.iterdir())]

EXPECTED: dict[tuple[str | bytes, ...], str] = {
    **{("json", text): shown for text, shown in test_json.READ.items()},
    **{("json", text): "! " + wrong for text, wrong in test_json.REFUSED.items()},
    **{("base64", *row): plain for row, plain in basic_auth.BASE64.items()},
    **{("covers", *row): said for said, rows in basic_auth.PATHS.items() for row in rows},
    **{("host", *row): said for said, rows in basic_auth.HOSTS.items() for row in rows},
    **{("rules", text): f"accepted {said}" for text, said in basic_auth.ACCEPTED.items()},
    **{("rules", text): wrong for text, wrong in basic_auth.REFUSED.items()},
    **{("changes", text): "accepted" for text in headers.ACCEPTED},
    **{("changes", text): wrong for text, wrong in headers.REFUSED.items()},
}
# The SDKs of the other languages pack headers themselves.
PACKED = [("pairs", *row) for row in headers.PAIRS]


@pytest.fixture(scope="module", params=LANGUAGES)
def answers(request):
    source = sources.read(PORTS / request.param)
    try:
        toolchains.find(source.language)
    except toolchains.ToolchainMissing as missing:
        pytest.skip(str(missing))
    questions = [*EXPECTED, *(PACKED if request.param == "assemblyscript" else ())]
    found = validation.asked(build.build(source).path, questions)
    return dict(zip(questions, found, strict=True))


@pytest.mark.parametrize("kind", ["json", "base64", "covers", "host", "rules", "changes"])
def test_a_part_answers_as_the_table_says(answers, kind):
    wrong = {
        question: (answers[question], expected)
        for question, expected in EXPECTED.items()
        if question[0] == kind and answers[question] != expected
    }

    assert wrong == {}


def test_a_list_of_headers_survives_packing(answers):
    packed = {question: answers[question] for question in PACKED if question in answers}

    assert set(packed.values()) <= {"same"}


def test_no_refusal_quotes_a_credential(answers):
    secrets = re.compile("s3cret|b2s6dGVzdAo=|ok:test|user-pass|a:b:c")
    refusals = [answers["rules", text] for text in basic_auth.REFUSED]

    assert [text for text in refusals if secrets.search(text)] == []
