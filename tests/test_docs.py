"""The documentation's links lead somewhere, and its commands have options and presets that exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from raif.config import preset_names
from raif_cli.main import app

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(#[^)\s]+)?\)")


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {"#" + re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def calls(page: Path) -> Iterator[list[str]]:
    """The words of each call of `raif` in the page's shell blocks, without what comes after a pipe."""
    for block in re.findall(r"```bash\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            while "raif" in words:
                words = words[words.index("raif") + 1 :]
                ends = [i for i, word in enumerate(words) if word in ("|", "&&", ">", "2>", "--")]
                yield words[: ends[0] if ends else None]


def command(words: list[str]) -> Any:
    """The command or subcommand that these words call; `raif eval` alone is `raif eval run`."""
    found: Any = typer.main.get_command(app)
    for word in words:
        if word not in (known := getattr(found, "commands", {})):
            break
        found = known[word]
    return getattr(found, "commands", {}).get("run", found)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in LINK.findall(page.read_text("utf-8")):
        path = page.parent / target if target else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), f"{target}{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_have_the_options_and_presets_that_they_name(page: Path) -> None:
    for words in calls(page):
        options = {name for p in command(words).params for name in (*p.opts, *p.secondary_opts)}
        given = [word.split("=")[0] for word in words if word.startswith("-") and word != "-"]
        assert set(given) <= {*options, "--help"}, words
        if "--preset" in words and words[0] in ("train", "gen-data", "eval"):
            preset = words[words.index("--preset") + 1]
            assert preset in preset_names(words[0]), words


def test_each_fault_of_training_names_a_test_that_exists() -> None:
    section = (ROOT / "docs" / "faults.md").read_text("utf-8").partition("## Training")[2].partition("## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 20
    for row in rows:
        named = re.search(r"`([\w/]+\.py)` `(\w+)` \|$", row)
        assert named, row
        assert f"def {named[2]}(" in (ROOT / "tests" / named[1]).read_text("utf-8"), row
