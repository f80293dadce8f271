"""Names of clusters: one run at a time, also over processes, and what is known of each."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from clusters.kind import claims
from clusters.kind.errors import InUse

HOLDER = """
import sys
from clusters.kind import claims
with claims.claimed("shared") as claim:
    claim.record(kept=False)
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def holder():
    """Another process that holds the name "shared"."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_name_that_another_process_holds_is_refused_at_once(holder):
    with pytest.raises(InUse, match="another run works with the cluster shared"):
        claims.claimed("shared").__enter__()


def test_what_a_killed_process_held_can_be_had_and_is_known(holder):
    holder.kill()
    holder.wait()

    with claims.claimed("shared") as claim:
        assert (claims.names(), claim.kept) == (["shared"], False)


def test_two_names_do_not_stand_in_each_others_way(holder):
    with claims.claimed("other") as claim:
        assert claim.name == "other"


def test_of_a_cluster_that_this_project_did_not_make_nothing_stays():
    with claims.claimed("foreign") as claim:
        claim.kubeconfig.write_text("secret")

    assert not claim.folder.exists()
    assert claims.names() == []


def test_of_a_cluster_of_ours_what_belongs_to_it_stays_until_it_is_forgotten():
    with claims.claimed("ours") as claim:
        claim.record(kept=True)
        claim.kubeconfig.write_text("there")
    with claims.claimed("ours") as again:
        assert (again.kept, again.kubeconfig.read_text()) == (True, "there")
        again.forget()

    assert not claim.folder.exists()


def test_a_damaged_record_is_none(tmp_path):
    with claims.claimed("ours") as claim:
        claim.record(kept=True)
        (claim.folder / "record.json").write_text("{")

        assert claim.kept is None


def test_a_cache_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    from clusters.cache import CacheUnwritable

    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    with pytest.raises(CacheUnwritable, match="cannot write the cache"):
        claims.claimed("any").__enter__()
