"""Rows with their verdicts: what comes out, in which order, and what it adds up to."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from raif.files.rows import of_stream
from raif.reasoning import Tags
from raif.records import LAYOUTS
from raif.verdicts.stream import Rules, verified
from raif.verdicts.tally import Tally

GOOD: dict[str, Any] = {
    "key": 7,
    "prompt": "Hi",
    "instruction_id_list": ["punctuation:no_comma"],
    "kwargs": [{}],
    "response": "a b",
}


def run(*lines: Any, **rules: Any) -> tuple[list[dict[str, Any]], Tally]:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    tally = Tally()
    return list(verified(of_stream(io.BytesIO(text.encode())), tally, rules=Rules(**rules))), tally


def test_object_comes_out_as_it_went_in_with_verdicts_added() -> None:
    (out,), _ = run(GOOD | {"mine": [1]})
    verdict = {"id": "punctuation:no_comma", "passed": True, "passed_loose": True}
    assert out == GOOD | {
        "mine": [1],
        "verdicts": [verdict | {"reason": "0 commas, asked for none", "active": True}],
        "followed": True,
        "followed_loose": True,
        "fraction": 1.0,
    }


def test_second_run_gives_the_same() -> None:
    first, _ = run(GOOD, GOOD | {"response": None})
    assert run(*first)[0] == first


def test_bad_lines_keep_their_places() -> None:
    out, tally = run(GOOD, "not json", GOOD | {"response": 3}, GOOD)
    assert ["error" in line for line in out] == [False, True, True, False]
    assert out[1]["line"] == 2
    assert out[2]["error"] == "stream:3: response: not a string"
    assert (tally.errors, tally.prompts.n) == (2, 2)


def test_rates_leave_out_what_could_not_be_judged() -> None:
    question = {"id": "q", "messages": [{"role": "user", "content": "Hi"}], "questions": [{"text": "Kind?"}]}
    _, tally = run(GOOD, GOOD | {"response": "a, b\nc"}, question | {"response": "Hi"})
    assert (tally.prompts.n, tally.prompts.unjudged) == (3, 1)
    assert tally.prompts.rate(tally.prompts.strict) == 0.5
    assert tally.prompts.rate(tally.prompts.loose) == 1
    assert tally.kinds["question"].unjudged == 1
    assert tally.instructions.n == 3


NO_CHECK = {"messages": [{"role": "user", "content": "Hi"}], "response": "Ho"}


def test_rows_without_a_check_are_counted_and_an_error_if_asked_for() -> None:
    (out,), tally = run(NO_CHECK)
    assert (out["followed"], tally.unchecked, tally.errors) == (None, 1, 0)
    (out,), tally = run(NO_CHECK, strict=True)
    assert out["error"] == "stream:1: no check. Without --strict, such rows are only counted."
    assert (tally.unchecked, tally.errors) == (0, 1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"response": None}, "stream:1: response: is null. Answers in a file of their own: --responses FILE"),
        ({}, "stream:1: response: missing. Answers in a file of their own: --responses FILE"),
        ({"responses": []}, "stream:1: responses: not a list of answers"),
        ({"responses": ["a"], "response": "a"}, "stream:1: response: there are `responses`, too. Leave out"),
        ({"response": [{"type": "image"}]}, "stream:1: response: content: a part of the type 'image' is not"),
    ],
)
def test_what_is_wrong_with_an_answer_is_said(given: dict[str, Any], said: str) -> None:
    row = {name: value for name, value in GOOD.items() if name != "response"} | given
    (out,), _ = run(row)
    assert out["error"].startswith(said)
    assert out.items() >= row.items()


def test_parts_of_a_content_are_the_text_that_is_checked_and_printed() -> None:
    parts = [{"type": "thinking", "thinking": "a, b"}, {"type": "text", "text": "a "}, {"text": "b"}]
    (out,), _ = run(GOOD | {"response": parts})
    assert (out["response"], out["followed"]) == ("a b", True)


def test_several_answers_have_verdicts_each_and_what_they_add_up_to() -> None:
    row = {name: value for name, value in GOOD.items() if name != "response"}
    (out,), tally = run(row | {"responses": ["a, b", "a b", "a, b", "c, d"]})
    assert [each["followed"] for each in out["samples"]] == [False, True, False, False]
    assert out["sampled"] == {
        "n": 4,
        "passed": 1,
        "pass@1": 0.25,
        "pass@2": 0.5,
        "pass@4": 1.0,
        "mean": 0.25,
        "best": 1,
    }
    assert "followed" not in out
    assert (tally.prompts.n, tally.samples["pass@2"].value) == (4, 0.5)
    assert run(out)[0] == [out]


@pytest.mark.parametrize(
    ("failed", "said"), [(None, "responses.1: is null"), (7, "responses.1: not a string")]
)
def test_an_answer_that_failed_to_come_loses_none_of_the_others(failed: Any, said: str) -> None:
    row = {name: value for name, value in GOOD.items() if name != "response"}
    (out,), tally = run(row | {"responses": ["a, b", failed, [{"text": "a b"}]]})
    assert out["responses"] == ["a, b", failed, "a b"]
    assert [each.get("followed") for each in out["samples"]] == [False, None, True]
    assert out["samples"][1] == {"error": f"stream:1: {said}"}
    assert (out["sampled"]["n"], out["sampled"]["pass@1"], out["sampled"]["best"]) == (2, 0.5, 2)
    assert (tally.errors, tally.prompts.n) == (1, 2)


def test_answers_with_tags_of_thinking_are_counted_where_they_are_not_split_off() -> None:
    texts = ("<think>a, b</think>c", "a b", "of <think> I say no more")
    rows = [GOOD | {"response": text} for text in texts]
    out, tally = run(*rows)
    assert ([each["followed"] for each in out], tally.thinking) == ([False, True, True], 1)
    out, tally = run(*rows, think="auto")
    assert ([each["followed"] for each in out], tally.thinking) == ([True, True, True], 0)
    out, _ = run(GOOD | {"response": "{a, b} c"}, think=Tags("{", "}"))
    assert out[0]["followed"] is True


def test_the_answer_of_a_harness_is_printed_with_its_verdicts() -> None:
    row = LAYOUTS["lm-eval"].sample
    (out,), _ = run(row)
    assert out.items() >= {**row, "response": "Tea is warm.", "followed": True}.items()
    assert run(out)[0] == [out]


def test_rules_replace_what_a_row_says() -> None:
    wanted = {"instruction_id_list": ["keywords:existence"], "kwargs": [{"keywords": ["a.b"]}]}
    assert [
        run(GOOD | wanted, dialect=dialect)[0][0]["followed"] for dialect in ("official", "reference")
    ] == [
        True,
        False,
    ]
    (out,), _ = run(GOOD, layout="trl")
    assert out["error"] == "stream:1: constraints: missing; the layout trl needs prompt, constraints"
    (out,), _ = run(GOOD | {"language": "Klingon"}, language="zh")
    assert "error" not in out
