"""The data card's page: it loads nothing, and shows every count."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

from raif.data.card import statistics, write_card


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.attributes, self.texts, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        self.attributes += attrs
        if tag not in ("meta", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts += [data.strip()] if data.strip() else []


def page_of(folder, records, introduction="All of it.", funnel=(("read", 500), ("  failed <b>", 100))):
    stats = statistics({"train": records, "heldout": []})
    write_card(folder, introduction, stats, funnel)
    page = Page()
    page.feed((folder / "card.html").read_text("utf-8"))
    assert page.open == []
    return page, stats


def test_the_page_loads_nothing(tmp_path, made):
    page, _ = page_of(tmp_path, made)
    assert not {"src", "href"} & {name for name, _ in page.attributes}
    assert not re.search(r"https?:|@import|url\(", (tmp_path / "card.html").read_text("utf-8"))


def test_every_count_has_its_bar(tmp_path, made):
    page, stats = page_of(tmp_path, made)
    for key in ("language", "composition", "kind", "topic"):
        for name, count in stats[key].items():
            assert page.texts[page.texts.index(name) + 1] == f"{count:,}"


def test_names_are_text_not_markup(tmp_path, made):
    page, _ = page_of(tmp_path, made, introduction="a < b & c")
    assert "a < b & c" in page.texts
    assert "failed <b>" in page.texts


def test_bars_are_as_long_as_their_counts(tmp_path, made):
    page_of(tmp_path, made)
    first = (tmp_path / "card.html").read_text("utf-8").split("</svg>")[0]
    long, short = (float(width) for width in re.findall(r'<rect [^>]*width="([\d.]+)"', first))
    assert abs(long / short - 5) < 0.01


def test_lengths_fall_into_classes_that_double(made):
    for parts in statistics({"train": made})["characters"].values():
        for counts in parts.values():
            assert sum(counts.values()) in {sum(r.language == each for r in made) for each in ("en", "zh")}
            assert all(re.fullmatch(r"0 to 63|(\d+) to (\d+)", name) for name in counts)


def test_programs_can_read_the_same_numbers(tmp_path, made):
    _, stats = page_of(tmp_path, made)
    assert json.loads((tmp_path / "card.json").read_text("utf-8")) == stats
