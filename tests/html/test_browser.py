"""The reports in a real Chromium: `pytest -m browser`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from raif import html
from raif.eval import finished
from raif.train import page as training
from tests.html.conftest import EVIL
from tests.html.test_pages import write_seven

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WIDTHS = (390, 1400)
PROGRAMS = ("chromium-headless-shell", "chromium", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="needs raif[browser]")
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("needs a Chromium: apt-get install chromium-headless-shell")
    with api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program)
        yield found
        found.close()


@dataclass
class Opened:
    """A page, and all that it said or asked for while it was open."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def texts(self, selector: str) -> list[str]:
        return self.page.locator(selector).all_inner_texts()

    def choose(self, name: str, value: str) -> None:
        self.page.locator(f'select[name="{name}"]').select_option(value)

    def search(self, text: str, count: str) -> None:
        """Type, and wait for the count."""
        self.page.fill("#search", text)
        self.page.locator("#count", has_text=count).wait_for()


def opened(browser: Any, path: Path, **context: Any) -> Opened:
    found = Opened(browser.new_context(**context).new_page())
    found.page.on("console", lambda message: found.said.append(message.text))
    found.page.on("pageerror", lambda error: found.said.append(str(error)))
    found.page.on("request", lambda request: found.asked.append(request.url))
    found.page.goto(path.as_uri())
    found.page.locator("#sample h3").wait_for()
    return found


@pytest.fixture(scope="module", params=["inside", "beside"])
def pages(request: pytest.FixtureRequest, evaluated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an evaluation, with its samples inside its page or beside it."""
    folder = shutil.copytree(evaluated, tmp_path_factory.mktemp(request.param) / "out")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(html, "INSIDE", 0 if request.param == "beside" else html.INSIDE)
        finished.write_page(folder)
    return folder


@pytest.fixture
def report(pages: Path, browser: Any) -> Iterator[Opened]:
    """The page of an evaluation; whatever a test does with it, it stays silent and within its folder."""
    path = pages / "report.html"
    found = opened(browser, path)
    yield found
    assert found.said == []
    beside = path.with_suffix(".samples")
    assert set(found.asked) == {path.as_uri(), *(part.as_uri() for part in beside.glob("*.js"))}
    assert len(found.asked) == len(set(found.asked))
    assert found.page.evaluate("window.ran") is None
    found.page.context.close()


def test_a_page_that_lost_its_samples_says_so(pages: Path, browser: Any, tmp_path: Path) -> None:
    shutil.copy(pages / "report.html", tmp_path)
    page = browser.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    if (pages / "report.samples").exists():
        page.get_by_text("Keep this page and the folders beside it together.").wait_for()
    else:
        page.locator("#sample h3").wait_for()


def test_filters_narrow_the_list(report: Opened) -> None:
    assert report.texts("#count") == ["150 of 150"]
    report.choose("benchmark", "ifeval")
    assert report.texts("#count") == ["5 of 150"]
    report.choose("result", "failed")
    assert report.texts("#list .id") == ["ifeval 1", "ifeval 3"]
    report.choose("benchmark", "")
    report.choose("result", "")
    assert report.texts("#count") == ["150 of 150"]


def test_a_filter_is_offered_where_it_means_something(report: Opened) -> None:
    assert report.page.locator('select[name="subset"], select[name="category"]').count() == 0
    assert "check failed: punctuation:no_comma (2)" in report.texts('select[name="check failed"] option')


def test_the_search_finds_letters_in_all_texts(report: Opened) -> None:
    report.search("ONE, TWO </script>", "2 of 150")
    assert report.texts("#list .id") == ["ifeval 1", "ifeval 3"]
    report.search("no such thing", "0 of 150")
    assert report.texts("#sample") == ["No sample matches."]


def test_a_sample_opens_with_all_that_was_said(report: Opened) -> None:
    report.choose("result", "failed")
    report.page.locator("#list button", has_text="ifeval 3").click()
    assert report.page.locator("#sample .message pre").all_text_contents() == [
        "You are a helpful assistant.",
        f"Item 3 {EVIL}",
    ]
    assert report.page.locator("#sample .thinking pre").all_text_contents() == [f"I think {EVIL}"]
    assert report.page.locator("#sample .answer").all_text_contents() == [f"one, two {EVIL}"]
    assert "1 comma" in report.texts("#sample .verdicts")[0]


def test_the_judges_replies_are_shown(report: Opened) -> None:
    report.choose("benchmark", "infobench")
    assert report.page.locator("#sample .judgment pre").all_text_contents() == [f"YES. {EVIL}"]


def test_the_address_names_the_sample(report: Opened, pages: Path, browser: Any) -> None:
    report.page.locator("#list button", has_text="ifeval 2").click()
    again = opened(browser, pages / "report.html")
    again.page.goto(report.page.url)
    again.page.reload()
    again.page.locator("#sample h3").wait_for()
    assert "ifeval 2" in again.texts("#sample h3")[0]
    again.page.context.close()


def test_long_lists_come_in_parts(report: Opened) -> None:
    assert report.page.locator("#list .id").count() == 100
    report.page.get_by_text("50 more").click()
    assert report.page.locator("#list .id").count() == 150


def test_keys_and_buttons_step_through_the_samples(report: Opened) -> None:
    report.page.locator("#sample").focus()
    report.page.keyboard.press("j")
    assert "ifeval 1" in report.texts("#sample h3")[0]
    report.page.get_by_label("Next sample").click()
    report.page.keyboard.press("k")
    assert "ifeval 1" in report.texts("#sample h3")[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_narrow_and_wide_screens(browser: Any, evaluated: Path, trained: Path, scheme: str) -> None:
    training.write(trained)
    for path in (evaluated / "report.html", trained / "report.html"):
        for width in (360, *WIDTHS):
            found = opened(browser, path, viewport={"width": width, "height": 740}, color_scheme=scheme)
            assert found.page.evaluate("document.documentElement.scrollWidth") == width
            found.page.context.close()


def test_printed_it_has_no_controls(report: Opened) -> None:
    report.page.emulate_media(media="print")
    assert not report.page.locator("nav, .tools, #list").filter(visible=True).count()
    assert report.page.locator("h1").is_visible()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_radars_labels_are_whole(browser: Any, evaluated: Path, tmp_path: Path, width: int) -> None:
    write_seven(evaluated, tmp_path)
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto((tmp_path / "report.html").as_uri())
    whole = page.locator(".radar svg").bounding_box()
    boxes = [label.bounding_box() for label in page.locator(".radar .axis").all()]
    assert len(boxes) == 7
    for box in boxes:
        assert whole["x"] <= box["x"]
        assert box["x"] + box["width"] <= whole["x"] + whole["width"]
        assert box["height"] >= 9


def test_a_training_report_compares_before_and_after(browser: Any, trained: Path) -> None:
    training.write(trained)
    found = opened(browser, trained / "report.html")
    found.choose("change", "better")
    assert found.texts("#list .id") == ["heldout-0", "heldout-2"]
    assert found.texts("#sample .response h4") == [
        "untrained\nno format",
        "whole recipe\nfluency -1.50",
        "expert answers\nfluency -1.50",
    ]
    assert found.page.locator(".plot svg polyline").count() > 2
    found.choose("change", "")
    found.choose("from", "step 7")
    assert found.page.locator("#sample .response").count() == 4
    assert (found.said, found.asked) == ([], [(trained / "report.html").as_uri()])
    assert found.page.evaluate("window.ran") is None
