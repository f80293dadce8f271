"""How a suite puts a filter in place, told by a place that only writes down what it is asked."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import yaml

from suites.deployment import LOOKS, PLACEHOLDER, Deployer, Patient, as_text

TEMPLATE = "name: {name}\nsha256: {sha256}\nconfiguration: {configuration}\nurl: {url}\n"
MODULE = SimpleNamespace(name="basic-auth", sha256="abc")


class Place:
    """Renders into a few lines of YAML and keeps what was applied, in order."""

    def __init__(self):
        self.log = []
        self.options = {}

    def publish(self, module):
        return f"http://files.test/{module.name}.wasm"

    def checksum(self, module):
        return f"checksum of {module.sha256}"

    def render(self, url, configuration, *, name, sha256, **options):
        self.options = options
        return TEMPLATE.format(name=name, sha256=sha256, configuration=configuration, url=url)

    @contextmanager
    def applied(self, documents, *, proof=None):
        self.log.append(("applied", yaml.safe_load(documents)))
        yield
        self.log.append(("taken back", yaml.safe_load(documents)["configuration"]))

    @contextmanager
    def delivered(self, documents):
        self.log.append(("delivered", yaml.safe_load(documents)))
        yield "what became of it"


@pytest.fixture
def place():
    return Place()


@pytest.fixture
def deploy(place):
    return Deployer(place, place)


def always(gateway):
    return True


def test_the_published_module_is_applied_with_its_digest_and_configuration(place, deploy):
    with deploy(MODULE, {"realm": "Größe"}, proof=always, vm_id="shared"):
        assert place.log == [
            (
                "applied",
                {
                    "name": "basic-auth",
                    "sha256": "checksum of abc",
                    "configuration": '{"realm": "Größe"}',
                    "url": "http://files.test/basic-auth.wasm",
                },
            )
        ]
    assert place.log[-1] == ("taken back", '{"realm": "Größe"}')
    assert place.options == {"vm_id": "shared"}


ODD = [
    "",
    "{",
    "null",
    'it\'s "quoted" \\ and # no comment',
    "two\nlines\r\nand\ta tab",
    "  blanks around  ",
    "key: value",
    "✓ \u00e9",
    "%TAG !",
    PLACEHOLDER,
]


@pytest.mark.parametrize("text", ODD, ids=repr)
def test_any_text_survives_the_way_into_a_document(place, deploy, text):
    with deploy(MODULE, {}, proof=always) as deployment, deployment.changed(text) as became:
        assert became == "what became of it"
        assert place.log[-1][0] == "delivered"
        assert place.log[-1][1]["configuration"] == text


def test_a_change_goes_to_the_same_filter(place, deploy):
    with deploy(MODULE, {"a": 1}, proof=always) as deployment, deployment.changed({"b": 2}):
        first, second = (documents for _, documents in place.log)
        assert first | {"configuration": '{"b": 2}'} == second


def test_text_stays_and_anything_else_becomes_json():
    assert as_text('{"a":1}') == '{"a":1}'
    assert as_text({"a": ["ü"]}) == '{"a": ["ü"]}'


def test_a_proof_holds_when_the_filter_acts():
    answers = iter([False, False, True, False])
    proof = Patient(lambda gateway: next(answers))

    assert [proof(None) for _ in range(4)] == [False, False, True, False]


def test_a_proof_gives_up_once_on_a_filter_that_shows_nothing():
    proof = Patient(lambda gateway: False)

    seen = [proof(None) for _ in range(LOOKS + 5)]

    assert seen.index(True) == LOOKS - 1
    assert seen.count(True) == 1
