"""Basic auth: which configurations a filter takes, and what stays when it refuses one."""

import pytest

from suites.basic_auth import configurations
from suites.basic_auth.configurations import PUBLISHED, SPELLINGS, protecting

pytestmark = pytest.mark.contract("basic-auth")


@pytest.fixture(scope="module")
def protected(protect, wasm_filter):
    with protect(wasm_filter, PUBLISHED) as deployment:
        yield deployment


TABLES = {
    "AUTH-51": configurations.BROKEN,
    "AUTH-52": configurations.OPEN,
    "AUTH-53": configurations.HOLLOW,
}


@pytest.mark.parametrize(
    "configuration",
    [
        pytest.param(text, id=wrong, marks=pytest.mark.requirement(requirement))
        for requirement, table in TABLES.items()
        for wrong, text in table.items()
    ],
)
def test_a_bad_configuration_is_refused(gateway, protected, configuration):
    with protected.changed(configuration) as delivery:
        assert delivery.refusals
        assert gateway.send("GET", "/productpage").status == 401
        assert gateway.send("GET", "/productpage", auth=("ok", "test")).status == 200


@pytest.mark.requirement("AUTH-50")
@pytest.mark.parametrize("configuration", SPELLINGS.values(), ids=SPELLINGS)
def test_a_good_configuration_acts_however_it_is_spelt(gateway, protected, configuration):
    with protected.changed(configuration) as delivery:
        assert delivery.refusals == ()
        assert gateway.send("GET", "/productpage", auth=("ok", "spelt")).status == 200
        assert gateway.send("GET", "/productpage", auth=("ok", "test")).status == 401


@pytest.mark.requirement("AUTH-54")
def test_a_changed_configuration_ends_the_old_credentials(gateway, protected):
    with protected.changed(protecting(credentials=["new:secret"])) as delivery:
        assert delivery.refusals == ()
        assert gateway.send("GET", "/productpage", auth=("new", "secret")).status == 200
        assert gateway.send("GET", "/productpage", auth=("ok", "test")).status == 401

    assert gateway.send("GET", "/productpage", auth=("ok", "test")).status == 200


@pytest.mark.requirement("AUTH-54")
def test_a_changed_configuration_ends_the_old_rules(gateway, protected):
    with protected.changed(protecting(prefix="/login")) as delivery:
        assert delivery.refusals == ()
        assert gateway.send("GET", "/login").status == 401
        assert gateway.send("GET", "/productpage").status == 200

    assert gateway.send("GET", "/login").status == 200
    assert gateway.send("GET", "/productpage").status == 401


@pytest.mark.requirement("AUTH-55")
def test_two_configurations_in_one_virtual_machine_act_side_by_side(gateway, protect, wasm_filter):
    with (
        protect(wasm_filter, protecting(prefix="/login"), vm_id="shared"),
        protect(wasm_filter, protecting(prefix="/logout", credentials=["a:b"]), vm_id="shared"),
    ):
        assert gateway.send("GET", "/login").status == 401
        assert gateway.send("GET", "/logout").status == 401
        assert gateway.send("GET", "/login", auth=("ok", "test")).status == 200
        assert gateway.send("GET", "/logout", auth=("ok", "test")).status == 401
        assert gateway.send("GET", "/logout", auth=("a", "b")).status == 200
