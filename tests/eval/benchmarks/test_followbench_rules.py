"""FollowBench's rules and templates in the corners, and how long they may take."""

from __future__ import annotations

import time

import pytest

from raif.errors import ConstraintError
from raif.eval.benchmarks.followbench.rules import matches, passes, rule_name

MANY = 100_000


@pytest.mark.parametrize(
    ("rule", "text", "level", "passed"),
    [
        ("xsum", "One sentence.", 1, True),
        ("xsum", "One sentence. ", 1, False),
        ("xsum", "", 1, False),
        ("xsum", "a " * 18 + "b", 2, True),
        ("xsum", "a " * 19 + "b", 2, False),
        ("xsum", "a" + " " * 20 + "b", 2, False),
        ("xsum", "He is in newton stewart", 3, True),
        ("xsum", "He is in Newton Stewart", 3, False),
        ("xsum", "He is  singing", 4, True),
        ("xsum", "He is not singing", 4, False),
        ("xsum", "It is an operation, he is singing", 5, True),
        ("xsum", "he is singing of operations", 5, False),
        ("samsum", "stuff, ProcraSTination", 4, False),
        ("samsum", "stuff.", 5, True),
        ("samsum", "the stuff, it's", 5, False),
        ("samsum", "stuff，", 5, False),
        ("gigaword", "a b c d e f g in", 5, True),
        ("gigaword", "a b  d e f g in", 5, True),
        ("gigaword", "a b c d e f bus in", 4, False),
        ("gigaword", "a b c d e f g In", 3, False),
        ("gigaword", "1 2 3 4 5 6 7 8", 3, False),
        ("arxiv", "Well activations", 4, True),
        ("arxiv", "We activations transformer", 5, False),
        ("arxiv", "We activations transformers", 5, True),
        ("cnn_dailymail", "Potter a. The actor b. films has c.", 5, True),
        ("cnn_dailymail", "Potter a. The actor b. films has.", 5, False),
        ("cnn_dailymail", "The actor b. Potter a. films has c.", 3, False),
        ("cnn_dailymail", "Potter a. lavish actor b. films has c.", 4, False),
        ("cnn_dailymail", "Potter " + "a " * 14 + ". b. c", 2, False),
    ],
)
def test_english_rule_holds_as_officially(rule: str, text: str, level: int, passed: bool) -> None:
    assert passes(rule, text, target="", level=level, language="en") is passed


@pytest.mark.parametrize(
    ("rule", "text", "level", "passed"),
    [
        ("xsum", "他在操作", 5, True),
        ("xsum", "字" * 20, 2, False),
        ("samsum", "琐碎的，拖沓", 5, True),
        ("samsum", "琐碎的、拖沓", 5, False),
        ("samsum", "琐碎的拖沓的", 4, False),
        ("gigaword", "他们在公园里走路", 5, True),
        ("gigaword", "他一人在公园走路", 3, False),
        ("gigaword", "我俩在京城里走路", 3, True),
        ("gigaword", "他３人在公园走路", 3, False),
        ("gigaword", "ABCDEFGH", 3, True),
        ("arxiv", "我们激活Transformer", 5, True),
        ("arxiv", "我们激活transformers", 5, False),
        ("cnn_dailymail", "波特。演员。电影了。", 5, True),
        ("cnn_dailymail", "波特。奢侈演员。电影了。", 4, False),
        ("cnn_dailymail", "波特.演员.电影.", 1, False),
    ],
)
def test_chinese_rule_holds_as_officially(rule: str, text: str, level: int, passed: bool) -> None:
    assert passes(rule, text, target="", level=level, language="zh") is passed


@pytest.mark.parametrize(
    ("rule", "text", "target", "passed"),
    [
        ("E2E", "a\n", "a", False),
        ("WIKIEVENTS", "b\na\nb", "a\nb", True),
        ("WIKIEVENTS", "a\n", "a\nb", False),
        ("CONLL2003", "b", "['a', 'b']", True),
        ("CONLL2003", "['a', 'b']", "['a', 'b']", False),
        ("BBH_logical", "(A) or (B)", "(B)", True),
        ("BBH_logical", "(A) or B)", "(A)", True),
        ("BBH_logical", "none", "(A)", False),
        ("BBH_time", "01/02/20034", "01/02/2003", True),
        ("gsm_8k", "$5 and $10.50", "$10", True),
        ("self_made_space", "It is the left one.", "left", True),
    ],
)
def test_target_is_compared_as_officially(rule: str, text: str, target: str, passed: bool) -> None:
    assert passes(rule, text, target=target, level=1, language="en") is passed


@pytest.mark.parametrize(("text", "passed"), [("５美元", False), ("1,500美元", True), ("500 美元", False)])
def test_chinese_amount_is_its_last_digits(text: str, passed: bool) -> None:
    assert passes("gsm_8k", text, target="500美元", level=1, language="zh") is passed


PARAGRAPH = "这是一段足够长的文字它有二十个以上的字所以能够通过。"


@pytest.mark.parametrize(
    ("paragraphs", "level", "passed"),
    [
        ([PARAGRAPH] * 3, 3, True),
        ([PARAGRAPH] * 3, 4, False),
        ([f" 1.{PARAGRAPH}"] * 3, 4, True),
        ([PARAGRAPH + "短。", *[PARAGRAPH] * 2], 2, True),
        ([PARAGRAPH + "短。", *[PARAGRAPH] * 2], 3, False),
        ([PARAGRAPH * 3, *[PARAGRAPH] * 2], 2, False),
        ([PARAGRAPH] * 4, 1, False),
        ([f"1.{PARAGRAPH}"] * 3 + [f"4.{PARAGRAPH[:-1]}这些是建议"], 5, True),
        ([f"1.{PARAGRAPH}"] * 2 + [f"3.{PARAGRAPH[:-1]}这些是建议"], 5, False),
    ],
)
def test_suggestions_have_numbered_paragraphs(paragraphs: list[str], level: int, passed: bool) -> None:
    assert passes("format_22", "\n\n".join(paragraphs), target="", level=level, language="zh") is passed


def test_english_suggestions_can_not_be_numbered() -> None:
    text = "\n\n".join(["1. " + "word " * 25] * 3)
    assert passes("format_22", text.replace("1. ", ""), target="", level=3, language="en")
    assert not passes("format_22", text, target="", level=4, language="en")


POINT = "**1. Growth: one two three four five six seven eight nine ten."


@pytest.mark.parametrize(
    ("text", "level", "passed"),
    [
        (" ".join([POINT.replace("1. ", "1 ")] * 5), 5, True),
        (" ".join([POINT.replace("1. ", "1 ")] * 5).replace("nine", "friend-ly"), 5, False),
        (" ".join([POINT.replace("1. ", "1 ")] * 5).replace("nine", "nine 9.5"), 3, True),
        (" ".join([POINT.replace("1. ", "1 ")] * 5).replace("nine", "nine 1.5"), 3, False),
        (" ".join([POINT.replace("1. ", "1 ")] * 4), 2, False),
        (" ".join([POINT.replace("1. ", "1\n")] * 5), 2, False),
        ("**", 1, True),
        ("no marker", 1, False),
    ],
)
def test_points_are_as_format_30_asks(text: str, level: int, passed: bool) -> None:
    assert passes("format_30", text, target="", level=level, language="en") is passed


@pytest.mark.parametrize(
    ("template", "text", "fits"),
    [
        ("{instruction}\n{{'a': '{answer}'}}", "{'a': 'x (y)'}", True),
        ("{instruction}\nA: {answer}", "A: ", True),
        ("{instruction}\nA: {answer}", "A: x\ny", False),
        ("{instruction}\nA: {answer}", "A: x\n", False),
        ("{instruction}\nA. {answer}!", "AB x!", False),
        ("{answer}-{answer}", "a-b-c", True),
        ("A.*B", "A anything B", True),
    ],
)
def test_generation_fits_its_template(template: str, text: str, fits: bool) -> None:
    assert matches(template, text) is fits


def test_other_items_are_for_the_judge() -> None:
    assert rule_name(source="t0", category="content", example_id=22, language="en") is None
    assert rule_name(source="t0", category="format", example_id=30, language="zh") is None
    assert rule_name(source="t0", category="format, content", example_id=22, language="en") is None


def test_unknown_rule_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConstraintError, match="Did you mean 'gigaword'"):
        passes("gigawords", "a", target="", level=1, language="en")


def test_target_that_is_no_list_is_refused() -> None:
    with pytest.raises(ConstraintError, match="target"):
        passes("CONLL2003", "a", target="__import__('os')", level=1, language="en")


@pytest.mark.parametrize(
    "unit", ["1", "$", "**1", "**1:", "is ", "has", "(A", "a.b.", "01/", "\n\n", " ", "：。"]
)
def test_no_generation_takes_long(unit: str) -> None:
    text = unit * (MANY // len(unit))
    rules = ("gsm_8k", "BBH_time", "BBH_logical", "format_30", "format_22", "xsum", "cnn_dailymail")
    for rule in rules:
        for language in ("en", "zh"):
            start = time.process_time()
            passes(rule, text, target="x", level=5, language=language)  # type: ignore[arg-type]
            assert time.process_time() - start < 1
