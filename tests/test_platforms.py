"""On a system that is not supported, one sentence says so at once: in the command and in Python."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

FAKES = {
    "Windows": "sys.platform = 'win32'",
    "Python 3.14": "sys.version_info = (3, 14, 0, 'final', 0)",
    "Python 3.10": "sys.version_info = (3, 10, 9, 'final', 0)",
}
SENTENCE = "raif runs on Linux and macOS with Python 3.11, 3.12 or 3.13; this is Python "


def run(fake: str, code: str) -> subprocess.CompletedProcess[str]:
    program = f"import sys\n{fake}\n{code}"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("fake", FAKES.values(), ids=FAKES)
def test_import_says_what_is_supported(fake: str) -> None:
    result = run(fake, "from raif import verify")
    assert result.stderr.splitlines()[-1].startswith(f"ImportError: {SENTENCE}")


@pytest.mark.parametrize("fake", FAKES.values(), ids=FAKES)
def test_command_says_it_in_one_line(fake: str) -> None:
    result = run(fake, "from raif_cli.main import run; run()")
    assert result.returncode == 2
    assert result.stderr.startswith(f"Error: {SENTENCE}")
    assert len(result.stderr.splitlines()) == 1


def test_macos_is_supported() -> None:
    assert run("sys.platform = 'darwin'", "import raif").returncode == 0


def test_package_says_the_same() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
    assert {"Operating System :: POSIX :: Linux", "Operating System :: MacOS"} <= {*project["classifiers"]}
