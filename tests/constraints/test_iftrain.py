"""Corner cases of the training kinds, derived from their definitions; official verdicts cover the rest."""

from __future__ import annotations

import random
import re
import time
from typing import Any

import pytest

from raif.constraints import KINDS, Material, find
from raif.constraints.iftrain import labels
from raif.constraints.iftrain.common import IFEVAL, TRAINING
from raif.constraints.iftrain.splitter import split
from raif.constraints.satisfiable import conflicting
from raif.errors import ConstraintError
from raif.text.search import TooSlow, stretches

ALL = IFEVAL | TRAINING
COPIES = {"copy:copy", "copy:copying_simple", "copy:copying_multiple", "new:copy_span_idx"}
JSON, TWO = "detectable_format:json_format", "combination:two_responses"
REPEAT, TITLE = "combination:repeat_prompt", "detectable_format:title"
EXISTS, FORBIDDEN, COMMA = "keywords:existence", "keywords:forbidden_words", "punctuation:no_comma"
# The table of the official registry: which kinds are not sampled together.
OFFICIAL = {
    **dict.fromkeys([*COPIES, "detectable_format:constrained_response"], ALL),
    JSON: ALL - {EXISTS, FORBIDDEN},
    TWO: ALL - {EXISTS, FORBIDDEN, "language:response_language", TITLE, COMMA},
    REPEAT: ALL - {EXISTS, TITLE, COMMA},
    "paragraphs:paragraphs": {"paragraphs:paragraphs2"},
    "first_word:first_word_sent": {"first_word:first_word_answer"},
    "count:counting_composition": {
        "count:count_unique",
        "count:count_increment_word",
        "paragraphs:paragraphs",
        "paragraphs:paragraphs2",
        "keywords:letter_frequency",
        "keywords:frequency",
    },
}
PAIRS = sorted({tuple(sorted((one, other))) for one, others in OFFICIAL.items() for other in others | {one}})


def passes(id: str, response: str, **kwargs: Any) -> bool | None:
    return KINDS[id].check(response, **KINDS[id].bind(kwargs)).passed


def test_the_registry_s_54_ids_are_here() -> None:
    assert (len(IFEVAL), len(TRAINING), len(ALL)) == (25, 29, 54)
    assert set(KINDS) >= ALL


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_pair_that_upstream_keeps_apart_is_kept_apart(one: str, other: str) -> None:
    assert conflicting(one, other)


@pytest.mark.parametrize(
    ("id", "response", "kwargs", "passed"),
    [
        ("keywords:keyword_specific_position", "a bee. c dee.", {"keyword": "bee", "n": -1, "m": 2}, True),
        ("keywords:keyword_specific_position", "a bee.", {"keyword": "bee", "n": -1, "m": 2}, False),
        ("keywords:keyword_specific_position", "a b", {"keyword": "b", "n": 1, "m": 2.0}, True),
        ("first_word:first_word_sent", "", {"first_word": "we"}, True),
        ("last_word:last_word_answer", " ", {"last_word": "we"}, False),
        ("letters:letter_counting", "é ß", {"N": 1, "relation": "less than"}, True),
        ("keywords:exclude_word_harder", "x red y", {"instruction": "red red"}, False),
        ("copy:repeat_phrase", "a x c. a\nx c.", {"phrase": "a b c.", "small_n": 1}, True),
        ("rlvr:validate_paragraphs", "a\n\nb", {"N": 2, "i": 0, "first_word": "b"}, True),
        ("rlvr:validate_word_constraint", "w " * 9, {"N": 10, "quantifier": "exactly"}, False),
        ("rlvr:verify_keywords", "ab", {"keyword_list": "ba"}, True),
    ],
)
def test_quirk_is_kept(id: str, response: str, kwargs: dict[str, Any], passed: bool) -> None:
    assert passes(id, response, **kwargs) is passed


@pytest.mark.parametrize(
    ("id", "kwargs"),
    [
        ("new:copy_span_idx", {"prompt_to_repeat": "Tea", "n_start": 0, "n_end": 2}),
        ("count:lowercase_counting", {"N": 0}),
        ("keywords:exclude_word_harder", {"instruction": "red blue"}),
        ("keywords:exclude_word_harder", {}),
        ("letters:letter_counting2", {"letter": "é", "let_frequency": 1, "let_relation": "at least"}),
        ("letters:letter_counting2", {"letter": "ab", "let_frequency": 1, "let_relation": "at least"}),
        ("copy:repeat_phrase", {"phrase": "(a)(b) c", "small_n": 1}),
        ("count:count_increment_word", {"keyword1": ["sun"], "keyword2": ["moon"]}),
    ],
)
def test_what_upstream_draws_or_can_t_read_is_refused(id: str, kwargs: dict[str, Any]) -> None:
    with pytest.raises(ConstraintError, match=id):
        KINDS[id].bind(kwargs)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("id", sorted(TRAINING))
def test_training_kind_is_asked_in_three_ways(id: str, language: str) -> None:
    assert len(set(KINDS[id].wordings[language])) == 3


@pytest.mark.parametrize("seed", range(30))
def test_two_drawn_keywords_are_not_within_each_other(seed: int) -> None:
    material = Material("en", keywords=("time", "times", "sea"))
    drawn = KINDS["count:count_increment_word"].draw(random.Random(seed), material)
    one, other = drawn.values()
    assert one not in other
    assert other not in one


def test_relation_that_no_text_meets_can_t_be_said() -> None:
    kwargs = {"N": 2, "relation": "exactly"}
    with pytest.raises(ConstraintError, match="no words for 'exactly'"):
        KINDS["letters:letter_counting"].ask(random.Random(0), "en", kwargs)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Ask Acme Inc. He knows.", ["Ask Acme Inc", "He knows."]),
        ('"Go!" he said.', ['"Go"!', "he said."]),
        ("Wait... what?!", ["Wait...", "what?", "!"]),
        ("It ran.We won at 3.5 p.m. in U.S. waters.", ["It ran.", "We won at 3.5 p.m. in U.S. waters."]),
        (" \n", []),
    ],
)
def test_splitter_moves_and_protects_marks(text: str, sentences: list[str]) -> None:
    assert split(text) == sentences


@pytest.mark.parametrize(
    ("first", "last", "text", "found"),
    [
        ("a", "c", "a b c a  c", ["a b c", "a  c"]),
        ("a", "c", "a b\nc a x c", ["a x c"]),
        ("a", "c", "a c a b", []),
        ("a", "c", "a a a", []),
        ("(a)", "c", "a b c", ["a"]),
        ("a.", "c", "ax b c", ["ax b c"]),
    ],
)
def test_stretches_are_those_of_re(first: str, last: str, text: str, found: list[str]) -> None:
    assert stretches(first, last, text) == found == re.findall(f"{first} .*? {last}", text)


def test_stretches_that_never_end_are_refused() -> None:
    with pytest.raises(TooSlow):
        stretches("(a+)+$", "b", "a" * 60 + "!")


@pytest.mark.parametrize(
    ("id", "text"),
    [
        ("copy:repeat_phrase", "Tea " * 250_000),
        ("copy:repeat_phrase", "Tea \nTea " * 100_000),
        ("rlvr:validate_placeholders", "[" * 1_000_000),
        ("rlvr:validate_highlighted_sections", "*\n" * 500_000),
        ("rlvr:validate_title", "<<" * 500_000),
    ],
)
def test_time_is_linear_where_upstreams_is_quadratic(id: str, text: str) -> None:
    began = time.process_time()
    passes(id, text, **KINDS[id].examples[0].kwargs)
    assert time.process_time() - began < 2


def test_label_of_several_constraints_is_read_as_upstream_does() -> None:
    label = (
        "[{'instruction_id': ['punctuation:no_comma', 'copy:copy', 'x'], "
        "'kwargs': [None, {'prompt_to_repeat': 'Tea'}]}, 7]"
    )
    found = labels.mixed(label)
    assert [(one.id, one.kwargs) for one in found] == [
        ("punctuation:no_comma", {}),
        ("copy:copy", {"prompt_to_repeat": "Tea"}),
    ]


def test_recorded_lists_of_one_keyword_are_unwrapped_if_asked() -> None:
    kwargs = "{'keyword1': ['sun'], 'keyword2': ['moon']}"
    label = f"[{{'instruction_id': ['count:count_increment_word'], 'kwargs': [{kwargs}]}}]"
    (found,) = labels.mixed(label, unwrap=True)
    assert labels.score([found], "sun moon moon") == 1
    with pytest.raises(ConstraintError, match="keyword1"):
        labels.score(labels.mixed(label), "sun moon moon")


@pytest.mark.parametrize(
    ("read", "label", "said"),
    [
        (labels.mixed, "nothing", "not a Python list"),
        (labels.mixed, "[]", "not a Python list"),
        (labels.mixed, "[{'kwargs': []}]", "no 'instruction_id'"),
        (labels.mixed, "[{'instruction_id': 'a', 'kwargs': []}]", "must be lists"),
        (labels.mixed, "[{'instruction_id': ['a'], 'kwargs': [7]}]", "object or None"),
        (labels.mixed, "[" * 100_000, "not a Python list"),
        (labels.single, "{'func_name': 1}", "not JSON"),
        (labels.single, "[1]", "not a JSON object"),
    ],
)
def test_bad_label_says_what_is_wrong(read: Any, label: str, said: str) -> None:
    with pytest.raises(ConstraintError, match=said):
        read(label)


def test_semantics_of_chinese_don_t_change_the_official_ones() -> None:
    assert find("count:count_unique", "official").check is KINDS["count:count_unique"].check
