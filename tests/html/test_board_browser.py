"""The board in a real Chromium, on a phone and on a desk: `pytest -m browser`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from raif_cli.main import app
from tests.html.conftest import EVIL, item, write
from tests.html.test_browser import WIDTHS, Opened, browser, opened

__all__ = ["browser"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]
ITEMS = 40
MODELS = {"a-model-with-a-name/that-is-much-too-long-Instruct-v0.3": 40, f"b{EVIL}": 39, "c": 19}
"""How many of the answers pass."""


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three models on two benchmarks; of the first model also in another dialect."""
    folder = tmp_path_factory.mktemp("boards")
    for place in ("ifeval/input_data.jsonl", "ifbench/IFBench_test.jsonl"):
        write(folder / "data" / place, [item(n) for n in range(ITEMS)])
    cli = CliRunner(env={"RAIF_BENCHMARK_DATA": str(folder / "data")})
    for number, (model, passes) in enumerate(MODELS.items()):
        rows = [{"key": n, "response": f"{'fine' if n < passes else 'a, b'} {EVIL}"} for n in range(ITEMS)]
        path = write(folder / f"{number}.jsonl", rows)
        dialects = ("sound", "authors") if number == 0 else ("sound",)
        for benchmark in ("ifeval", "ifbench"):
            for dialect in dialects:
                out = folder / "runs" / f"{number}-{benchmark}-{dialect}"
                given = ["--responses", str(path), "--model", model, "--dialect", dialect, "--out", str(out)]
                result = cli.invoke(app, ["eval", benchmark, *given])
                assert result.exit_code == 0, result.output
    result = cli.invoke(app, ["eval", "board", str(folder / "runs"), "--out", str(folder / "board")])
    assert result.exit_code == 0, result.output
    return folder / "board"


@pytest.fixture(params=WIDTHS)
def page(request: pytest.FixtureRequest, board: Path, browser: Any) -> Iterator[Opened]:
    """At both widths; whatever a test does, the page stays silent and within its folder."""
    size = {"width": request.param, "height": 900}
    found = opened(browser, board / "board.html", viewport=size)
    yield found
    assert found.said == []
    assert all(address.startswith(board.as_uri()) for address in found.asked)
    assert found.page.evaluate("window.ran") is None
    found.page.context.close()


def models(found: Opened) -> list[str]:
    """Of the rows that are shown, by their first letter."""
    return [text[0] for text in found.texts("#board tbody tr:visible th a")]


def ranks(found: Opened, column: int) -> list[str]:
    return found.texts(f"#board tbody tr:visible td:nth-child({column + 1}) .rank")


def test_a_wide_table_scrolls_in_its_own_box(page: Opened) -> None:
    width = page.page.viewport_size["width"]
    assert page.page.evaluate("document.documentElement.scrollWidth") == width
    box = page.page.locator(".card:has(> #board)")
    if width == 390:
        assert box.evaluate("box => box.scrollWidth > box.clientWidth")
        box.evaluate("box => box.scrollLeft = 300")
    name = page.page.locator("#board tbody th a").first.bounding_box()
    assert 0 <= name["x"] <= name["x"] + name["width"] <= width
    assert (
        float(
            page.page.locator("#board tbody th").first.evaluate(
                "e => parseFloat(getComputedStyle(e).fontSize)"
            )
        )
        >= 12
    )


def test_headings_sort(page: Opened) -> None:
    heading = page.page.locator("#board thead button").first
    heading.click()
    assert models(page) == ["a", "b", "c"]
    assert page.page.locator("#board thead th[aria-sort=descending]").count() == 1
    heading.click()
    assert models(page) == ["c", "b", "a"]


def test_ranks_that_cannot_be_told_apart_are_marked(page: Opened) -> None:
    assert ranks(page, 1) == ["1–2", "1–2", "3"]


def test_filters_leave_what_agrees_with_ranks_of_their_own(page: Opened) -> None:
    page.page.select_option("#filters select[name=dialect]", "authors")
    assert models(page) == ["a"]
    assert page.texts("#left") == ["1 of 3 models"]
    assert page.texts("#board thead button:visible") == [
        "ifbench (dialect authors)",
        "ifeval (dialect authors)",
    ]
    page.page.select_option("#filters select[name=dialect]", "")
    assert models(page) == ["a", "b", "c"]


def test_a_models_page_is_one_click_away(page: Opened) -> None:
    page.page.locator("#board tbody th a").first.click()
    page.page.locator("#sample h3").wait_for()
    assert page.texts("h1")[0].startswith("a-model")
    width = page.page.viewport_size["width"]
    assert page.page.evaluate("document.documentElement.scrollWidth") == width
    page.page.get_by_text("← Board").click()
    page.page.locator("#board").wait_for()


def test_two_models_stand_side_by_side_where_they_differ(page: Opened) -> None:
    page.page.select_option("#pair select[name=B]", label="c")
    page.page.locator("#count", has_text="42 of 80").wait_for()
    assert page.texts("#differences tbody th") == ["ifbench (dialect sound)", "ifeval (dialect sound)"]
    assert "−52.5" in page.texts("#differences tbody tr")[0]
    names = page.texts("#sample .response h4")
    assert [name[:2] for name in names] == ["A,", "B,"]
    assert page.page.locator("#sample .answer").all_text_contents() == [f"fine {EVIL}", f"a, b {EVIL}"]
    page.choose("scores", "alike")
    assert page.texts("#count") == ["38 of 80"]


def test_the_address_names_the_models_and_the_sample(page: Opened) -> None:
    page.page.select_option("#pair select[name=B]", label="c")
    page.page.locator("#count", has_text="42 of 80").wait_for()
    page.page.locator("#list button").nth(2).click()
    asked, sample = page.page.url, page.texts("#sample h3")[0]
    page.page.goto("about:blank")
    page.page.goto(asked)
    page.page.locator("#count", has_text="42 of 80").wait_for()
    page.page.locator("#sample h3").wait_for()
    assert page.page.locator("#pair select[name=B]").evaluate("e => e.selectedOptions[0].text") == "c"
    assert page.texts("#sample h3")[0] == sample


def test_the_page_holds_no_samples(board: Path) -> None:
    text = (board / "board.html").read_text("utf-8")
    assert EVIL not in text
    assert len(text) < 100_000
    assert json.dumps(f"fine {EVIL}")[1:20] not in text
