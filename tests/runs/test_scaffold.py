"""A new project of each language builds at once, and its first run passes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from filters import build, sources, toolchains, wasm
from filters.scaffold import project

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("language", [starter.language for starter in project.STARTERS])
def test_a_new_project_passes(tmp_path, language):
    folder = tmp_path / "demo"
    project.create(folder, language)
    try:
        toolchains.find(language)
    except (toolchains.ToolchainMissing, toolchains.UnknownLanguage) as missing:
        pytest.skip(str(missing))

    module = build.build(sources.read(folder))
    exports = wasm.parse(module.read(), name=language).exports
    told = json.loads((folder / "runtime-config.json").read_text())["abiVersions"]
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "suites/delivery", str(folder), "--istio=1.24"),
            *(f"--filter={folder}", f"--manifest={folder / 'envoyfilter.yaml'}"),
            *("-k", "hello or manifest or loads", f"--report-dir={tmp_path / 'report'}"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert [f"proxy_abi_version_{each[1:].replace('.', '_')}" for each in told] == [
        name for name in exports if name.startswith("proxy_abi_version")
    ]
    assert ended.returncode == pytest.ExitCode.OK, ended.stdout[-3000:]
    assert "13 passed" in ended.stdout, "nine of its own, three of its documents, one of any module"
