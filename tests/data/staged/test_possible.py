"""What can be seen in a request rules out constraints that its answer can't meet."""

from __future__ import annotations

import pytest

from raif.data.staged.possible import impossible
from raif.types import Constraint


def words(bound, relation, **more):
    kwargs = {"num_words": bound, "relation": relation, **more}
    return Constraint(id="length_constraints:number_words", kwargs=kwargs)


def sentences(bound, relation):
    kwargs = {"num_sentences": bound, "relation": relation}
    return Constraint(id="length_constraints:number_sentences", kwargs=kwargs)


def plain(id, **kwargs):
    return Constraint(id=id, kwargs=kwargs)


def bullets(count):
    return plain("detectable_format:number_bullet_lists", num_bullets=count)


def paragraphs(count):
    return plain("length_constraints:number_paragraphs", num_paragraphs=count)


OPTIONS, CAPITAL = plain("detectable_format:constrained_response"), plain("change_case:english_capital")
TEA = plain("keywords:existence", keywords=["tea"])


@pytest.mark.parametrize(
    ("request_", "language", "constraint"),
    [
        ("Reply in one sentence of at most ten words: what is tea?", "en", words(70, "at least")),
        ("Answer with yes or no only: is tea hot?", "en", sentences(5, "at least")),
        ("Extract the names and return only the JSON.", "en", words(80, "at least")),
        ("Extract the names and return only the JSON.", "en", plain("detectable_format:title")),
        ("Extract the names and return only the JSON.", "en", plain("detectable_format:json_format")),
        ("Write a 500-word essay on tea.", "en", words(100, "less than")),
        ("Write a haiku about tea.", "en", words(80, "at least")),
        ("Give me 5 tips for brewing tea.", "en", bullets(3)),
        ("Write three paragraphs about tea.", "en", paragraphs(4)),
        ("Translate this into French: tea is hot", "en", CAPITAL),
        ("Answer in German: what is tea?", "en", TEA),
        ("Write a Python function that sorts teas.", "en", CAPITAL),
        ("Write a poem about tea.", "en", OPTIONS),
        ("What is a good slogan for a tea shop? Just the slogan.", "en", sentences(4, "at least")),
        ("用一句话介绍北京。", "zh", sentences(3, "at least")),
        ("只回答是或否：茶好喝吗？", "zh", sentences(3, "at least")),
        ("请写一篇不少于800字的作文。", "zh", words(100, "less than", unit="字")),
        ("把下面的句子翻译成英语：茶很香。", "zh", plain("keywords:existence", keywords=["茶叶"])),
    ],
)  # fmt: skip
def test_what_the_request_rules_out(request_, language, constraint):
    assert constraint.id in (impossible(request_, language, [constraint]) or "")


@pytest.mark.parametrize(
    ("request_", "language", "constraint"),
    [
        ("Reply in one sentence of at most ten words: what is tea?", "en", words(60, "less than")),
        ("Write a 500-word essay on tea.", "en", words(80, "at least")),
        ("Give me 5 tips for brewing tea.", "en", bullets(5)),
        ("Is tea good for me?", "en", OPTIONS),
        ("Tell me about the harbour.", "en", sentences(3, "at least")),
        ("I have three cats and one dog. How do I feed them?", "en", words(80, "at least")),
        ("请介绍一下茶。", "zh", sentences(3, "at least")),
        ("这个茶好喝吗？", "zh", OPTIONS),
    ],
)  # fmt: skip
def test_what_it_leaves_open(request_, language, constraint):
    assert impossible(request_, language, [constraint]) is None
