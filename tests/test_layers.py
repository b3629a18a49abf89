"""Imports point down as in docs/architecture.md, heavy libraries stay in their rooms; `--help` loads none."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def pictured() -> list[set[str]]:
    """The layers of raif/ in the picture, from the lowest to the highest."""
    picture = PAGE.partition("```text")[2].partition("```")[0]
    rows = [row.partition("   ")[0].split() for row in picture.splitlines() if row[:1].isalpha()]
    return [set(rooms) for rooms in reversed(rows) if rooms != ["raif_cli"]] + [{"__init__"}]


LAYERS = pictured()
HEAVY = {
    **dict.fromkeys(("vllm", "deepspeed", "peft"), ("raif/models", "raif/train")),
    "torch": ("raif/models", "raif/train", "raif/integrations/openrlhf.py"),
    "transformers": ("raif/models", "raif/train"),
    **dict.fromkeys(("typer", "rich"), ("raif_cli",)),
}


def modules() -> list[Path]:
    return [p for folder in ("raif", "raif_cli") for p in sorted((ROOT / folder).rglob("*.py"))]


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def layer(part: str) -> int | None:
    return next((i for i, layer in enumerate(LAYERS) if part in layer), None)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_heavy_libraries_stay_where_they_belong(path: Path) -> None:
    for name in imported(path):
        homes = HEAVY.get(name.split(".")[0])
        assert homes is None or str(path.relative_to(ROOT)).startswith(homes), f"{path} imports {name}"


@pytest.mark.parametrize("path", [p for p in modules() if "raif_cli" not in p.parts], ids=lambda p: p.stem)
def test_imports_point_down(path: Path) -> None:
    own = path.relative_to(ROOT / "raif").parts[0].removesuffix(".py")
    for name in imported(path):
        if not name.startswith("raif."):
            continue
        other = name.split(".")[1]
        if other == own or layer(other) is None:
            continue
        assert layer(own) is not None, f"say in docs/architecture.md where raif.{own} belongs"
        if LAYERS[0] >= {own, other}:
            continue  # the small words that everybody uses
        assert layer(other) < layer(own), f"raif.{own} imports raif.{other}, which doesn't lie below it"  # type: ignore[operator]


def test_every_module_has_a_layer() -> None:
    parts = {p.stem for p in (ROOT / "raif").iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
    assert {p for p in parts - {"__init__"} if layer(p) is None} == set()


def test_the_page_says_what_each_folder_holds() -> None:
    folders = {p.name for p in (ROOT / "raif").iterdir() if (p / "__init__.py").exists()}
    assert folders == {row.split("`")[1] for row in PAGE.splitlines() if re.match(r"\| `\w+` \|", row)}


def test_help_loads_nothing_heavy() -> None:
    heavy = ("torch", "transformers", "pydantic", "numpy", "nltk", "openai")
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom raif_cli.main import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        f"print(*(m for m in {heavy} if m in sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


def test_files_stay_short() -> None:
    assert [str(p) for p in modules() if len(p.read_text("utf-8").splitlines()) > 450] == []
