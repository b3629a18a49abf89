"""Kinds from other packages, really installed, and used by `raif verify` in a new process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "docs" / "plugin-example"
BROKEN = {
    "missing": ("import nothing_of_this_name", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
    "wrong": ("from raif.constraints.kind import kind\nkind('a:b', worded={})", "TypeError: kind() got"),
    "twice": (
        "from raif.constraints import KINDS\nKINDS.add('punctuation:no_comma', None)",
        "ValueError: constraint 'punctuation:no_comma' is registered twice",
    ),
}


def verify(site: Path, id: str, *responses: str) -> subprocess.CompletedProcess[str]:
    """`raif verify` with the packages in `site` installed."""
    record = {"messages": [{"role": "user", "content": "Hi"}], "constraints": [{"id": id}]}
    lines = "".join(json.dumps(record | {"response": response}) + "\n" for response in responses)
    return subprocess.run(
        [sys.executable, "-c", "from raif_cli.main import run; run()", "verify", "-q"],
        input=lines,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])},
        capture_output=True,
        text=True,
        check=False,
    )


def broken(site: Path, code: str) -> None:
    """An installed package `bad` whose module can't be loaded."""
    (site / "bad.py").write_text(code)
    (site / "bad-1.0.dist-info").mkdir()
    (site / "bad-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: bad\nVersion: 1.0\n")
    (site / "bad-1.0.dist-info" / "entry_points.txt").write_text("[raif.constraints]\nmine = bad\n")


@pytest.mark.slow
def test_example_installs_and_its_kind_is_checked(tmp_path: Path) -> None:
    pytest.importorskip("setuptools", reason="needs raif[dev]")
    source, site = tmp_path / "source", tmp_path / "site"
    shutil.copytree(EXAMPLE, source)
    how = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(site)]
    subprocess.run([sys.executable, "-m", "pip", "install", *how, str(source)], check=True)
    result = verify(site, "example:ends_with_question", "Ready?", "Ready.")
    assert [json.loads(line)["followed"] for line in result.stdout.splitlines()] == [True, False]
    assert result.returncode == 0


@pytest.mark.parametrize(("code", "said"), BROKEN.values(), ids=BROKEN)
def test_broken_plug_in_is_named_for_each_line_that_may_need_it(tmp_path: Path, code: str, said: str) -> None:
    broken(tmp_path, code)
    result = verify(tmp_path, "example:ends_with_question", "Ready?", "Ready.")
    errors = [json.loads(line)["error"] for line in result.stdout.splitlines()]
    assert len(errors) == 2
    assert all(f"plug-in 'mine' of bad can't be loaded: {said}" in error for error in errors)
    assert result.returncode == 3


def test_broken_plug_in_is_no_matter_to_the_other_kinds(tmp_path: Path) -> None:
    broken(tmp_path, "import nothing_of_this_name")
    result = verify(tmp_path, "punctuation:no_comma", "Ready?")
    assert json.loads(result.stdout)["followed"] is True
