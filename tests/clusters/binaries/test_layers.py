"""What is to be seen of an image, whose upper layers hide what is below."""

import pytest

from clusters.local.binaries.failures import FetchFailed
from clusters.local.binaries.layers import View
from tests.clusters.binaries.programs import Link, layer

WANTED = "usr/local/bin/envoy"
ABOVE, BELOW = b"above", b"below"


@pytest.fixture
def view(tmp_path):
    """Return the view of layers, given from the uppermost down."""

    def of(*layers, packed=True):
        seen = View("hub.test/image:1")
        for number, entries in enumerate(layers):
            path = tmp_path / str(number)
            body = entries if isinstance(entries, bytes) else layer(entries, packed=packed).body
            path.write_bytes(body)
            seen.read(path)
        return seen

    return of


@pytest.fixture
def content(view, tmp_path):
    """Return what is at the wanted path, None where nothing is."""

    def read(*layers, wanted=WANTED):
        seen = view(*layers)
        if (found := seen.find(wanted)) is None:
            return None
        seen.extract(found, tmp_path / "target")
        return (tmp_path / "target").read_bytes()

    return read


@pytest.mark.parametrize(
    ("layers", "seen"),
    [
        pytest.param([{WANTED: ABOVE}], ABOVE, id="one layer"),
        pytest.param([{f"./{WANTED}": ABOVE}], ABOVE, id="a name with a dot"),
        pytest.param([{f"/{WANTED}": ABOVE}], ABOVE, id="an absolute name"),
        pytest.param([{}, {WANTED: BELOW}], BELOW, id="below"),
        pytest.param([{WANTED: ABOVE}, {WANTED: BELOW}], ABOVE, id="the upper one"),
        pytest.param([{}], None, id="not there"),
        pytest.param([{"usr/local/bin/.wh.envoy": b""}, {WANTED: BELOW}], None, id="deleted"),
        pytest.param([{"usr/.wh.local": b""}, {WANTED: BELOW}], None, id="its folder deleted"),
        pytest.param([{"usr/.wh..wh..opq": b""}, {WANTED: BELOW}], None, id="an opaque folder"),
        pytest.param(
            [{"usr/.wh..wh..opq": b"", WANTED: ABOVE}, {WANTED: BELOW}],
            ABOVE,
            id="opaque only for what is below",
        ),
        pytest.param(
            [{WANTED: ABOVE}, {"usr/local/bin/.wh.envoy": b""}], ABOVE, id="deleted, then added"
        ),
        pytest.param(
            [{}, {"usr/local/bin/.wh.envoy": b""}, {WANTED: BELOW}], None, id="deleted in between"
        ),
        pytest.param([{"usr/local": b"file"}, {WANTED: BELOW}], None, id="a file for its folder"),
        pytest.param([{"usr/local/": b""}, {WANTED: BELOW}], BELOW, id="its folder once more"),
        pytest.param([{WANTED: Link("../../bin/e"), "usr/bin/e": ABOVE}], ABOVE, id="symlink"),
        pytest.param([{WANTED: Link("/opt/e")}, {"opt/e": BELOW}], BELOW, id="symlink downwards"),
        pytest.param([{WANTED: Link("/opt/e")}], None, id="symlink to nothing"),
        pytest.param(
            [{"usr/local/bin": Link("/opt"), "opt/envoy": ABOVE}], ABOVE, id="symlinked folder"
        ),
        pytest.param(
            [{WANTED: Link("../../../../../../opt/e"), "opt/e": ABOVE}],
            ABOVE,
            id="above the root is the root",
        ),
        pytest.param([{"opt/e": ABOVE, WANTED: Link("opt/e", hard=True)}], ABOVE, id="a hard link"),
    ],
)
def test_the_upper_layers_hide_what_is_below(content, layers, seen):
    assert content(*layers) == seen


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        ([{"../../etc/passwd": b"x"}], "an entry is named '../../etc/passwd', which leads out"),
        ([{"/../x": b"x"}], "an entry is named '/../x', which leads out"),
        ([{WANTED: Link("envoy")}], f"the links of {WANTED} go round in circles"),
        ([{f"{WANTED}/": b""}], f"{WANTED} is no regular file"),
        (
            [{WANTED: Link("../../../etc/passwd", hard=True)}],
            f"{WANTED} is a link to what its layer does not hold",
        ),
        ([b"no archive" * 100], "its layer 0 is no tar archive"),
        ([layer({WANTED: b"x" * 5000}).body[:60]], "its layer 0 is no tar archive"),
    ],
)
def test_what_cannot_be_used_is_told(content, layers, told, tmp_path):
    with pytest.raises(FetchFailed) as failed:
        content(*layers)

    assert str(failed.value).startswith(f"hub.test/image:1 cannot be used: {told}")
    assert "Hint: --hub=" in str(failed.value)
    assert not (tmp_path / "target").exists()


def test_a_layer_may_be_plain_tar(view):
    assert view({WANTED: ABOVE}, packed=False).find(WANTED)


def test_a_file_that_never_ends_is_refused(view, tmp_path, monkeypatch):
    monkeypatch.setattr("clusters.local.binaries.layers.FILE_LIMIT", 1 << 10)
    seen = view({WANTED: bytes(1 << 20)})

    with pytest.raises(FetchFailed, match=f"{WANTED} is larger than 1024 bytes"):
        seen.extract(seen.find(WANTED), tmp_path / "target")


def test_the_files_of_a_folder_are_those_right_inside(view):
    seen = view(
        {"var/a.json": b"", "var/deep/b.json": b"", "var/.wh.c.json": b"", "var/d/": b""},
        {"var/c.json": b"", "var/e.json": b""},
    )

    assert seen.inside("var") == ["a.json", "e.json"]
