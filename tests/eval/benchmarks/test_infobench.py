"""InfoBench: replies, rates and requests as officially, and soundly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from raif.config.eval import Dialect
from raif.eval.benchmark import BENCHMARKS
from raif.eval.benchmarks.infobench import Item, read
from tests.eval.judged import ANSWER, DIALECTS, IN_FIXTURES, RELEASED, lines, one, requests, scored, value
from tests.parity import Parity

QUESTIONS = ("Is it short?", "Is it kind?", "Is it a text?")
ITEM = Item(
    id="a",
    instruction="Write.",
    input="Tea",
    category="Tea",
    subset="Easy_set",
    decomposed_questions=QUESTIONS,
    question_label=(("Number",), ("Style",), ("Format", "Style")),
)
DRFR, PROMPTS = "questions met (DRFR)", "prompts met"
released = pytest.mark.parametrize("dialect", RELEASED)


def said(*replies: str) -> dict[str, str]:
    return {str(number): reply for number, reply in enumerate(replies, 1)}


@pytest.mark.parity
@released
def test_every_reply_is_read_as_officially(benchmark_data: Path, parity: Parity, dialect: Dialect) -> None:
    folder = benchmark_data / "infobench"
    items = {item.id: item for item in BENCHMARKS["infobench"].items(folder / "InfoBench.json")}
    path = folder / "fixtures" / "synthetic_full_run.jsonl"
    cases = lines(path)
    assert len(cases) == len(items)
    ours = []
    for case in cases:
        found = one("infobench", items[case["id"]], said(*case["judge_outputs"]), dialect).verification
        ours.append([verdict.passed for verdict in found.counted])
    parity.same(path, dialect, ours, [case[f"{IN_FIXTURES[dialect]}_eval"] for case in cases])


@pytest.mark.parity
def test_the_prompt_is_the_one_that_the_authors_made(benchmark_data: Path, parity: Parity) -> None:
    path = benchmark_data / "infobench" / "InfoBench_with_prompt.jsonl"
    items = BENCHMARKS["infobench"].items(benchmark_data / "infobench" / "InfoBench.json")
    asked = {item.id: item.messages[-1].content for item in items}
    parity.same(path, "both", asked, {line["id"]: line["prompt"] for line in lines(path)})


@pytest.mark.parity
@released
def test_rates_are_the_official_ones(benchmark_data: Path, parity: Parity, dialect: Dialect) -> None:
    folder = benchmark_data / "infobench"
    items = BENCHMARKS["infobench"].items(folder / "InfoBench.json")
    cases = lines(folder / "fixtures" / "synthetic_full_run.jsonl")
    replies = {case["id"]: said(*case["judge_outputs"]) for case in cases}
    outcome = scored("infobench", items, replies, dialect)
    path = folder / "fixtures" / "synthetic_full_run_scores.json"
    official = json.loads(path.read_text("utf-8"))[IN_FIXTURES[dialect]]
    assert outcome.paper["DRFR"]
    drfr = outcome.paper["DRFR"].value
    if dialect == "upstream":
        ours = {"drfr": drfr, "count": outcome.tables[0].rows[0].checks}
        official = {"drfr": official["drfr"], "count": sum(official["count"].values())}
        parity.same(path, dialect, ours, official)
        return
    columns = ((DRFR, "instruction"), (PROMPTS, "prompt"))
    rates = {
        f"{level}_level_{name}_true": value(outcome, "set", name, column)
        for name in ("easy", "hard", "all")
        for column, level in columns
    }
    ours = {"overall": drfr, **rates}
    parity.same(path, dialect, ours, {name: official[name] for name in ours})


@pytest.mark.parametrize(
    ("reply", "sound", "upstream", "authors"),
    [
        ("YES", True, True, True),
        ("No, it rhymes.", False, False, False),
        ("**Yes**", True, None, True),
        ("Answer: NO", False, False, False),
        ("YES for one part, NO for the other", None, True, True),
        ("I can not know.", None, None, False),
        ("Nothing is missing: YES.", True, False, True),
        ("NO - because it rhymes.", False, False, False),
        ("The answer is YES", True, True, True),
        ("答案: 是", True, None, None),
        ("It is unclear.", None, None, None),
        ("", None, None, None),
    ],
)
def test_reply_is_read_by_its_dialect(
    reply: str, sound: bool | None, upstream: bool | None, authors: bool | None
) -> None:
    assert [read(reply, dialect) for dialect in DIALECTS] == [sound, upstream, authors]


def test_unknown_questions_are_left_out_soundly() -> None:
    outcome = scored("infobench", [ITEM], {"a": said("YES", "Hm.", "NO")}, "sound")
    assert value(outcome, "set", "all", DRFR) == 0.5
    assert value(outcome, "set", "all", PROMPTS) is None
    assert value(outcome, "kind of question", "Style", "questions met") == 0


def test_prompt_with_an_unknown_question_alone_is_undecided() -> None:
    found = one("infobench", ITEM, said("YES", "Hm.", "YES"), "sound")
    assert (found.verification.followed, found.parts) == (None, {"DRFR": 1, "prompt": None})


@pytest.mark.parametrize(("dialect", "counted"), [("authors", 3), ("upstream", 2)])
def test_unknown_questions_fail_officially(dialect: Dialect, counted: int) -> None:
    outcome = scored("infobench", [ITEM], {"a": said("YES", "Hm.", "YES")}, dialect)
    row = outcome.tables[0].rows[0]
    assert row.checks == counted
    assert value(outcome, "set", "all", DRFR) == pytest.approx((counted - 1) / counted, abs=1e-4)
    assert value(outcome, "set", "all", PROMPTS) == 0


def test_items_without_any_judgment_add_nothing() -> None:
    for dialect in ("sound", "upstream"):
        assert scored("infobench", [ITEM], {}, dialect).paper == {"DRFR": None}


def test_blank_answer_fails_without_a_judge() -> None:
    found = one("infobench", ITEM, {}, "sound", answer=" \n")
    assert (found.verification.followed, found.parts) == (False, {"DRFR": 0, "prompt": 0})


def test_each_question_is_asked_on_its_own() -> None:
    asked = requests("infobench", ITEM, "sound")
    assert [request.key for request in asked] == ["1", "2", "3"]
    for request, question in zip(asked, QUESTIONS, strict=True):
        (turn,) = request.messages
        assert all(text in turn.content for text in ("Tea", ANSWER, question))
        assert sum(other in turn.content for other in QUESTIONS) == 1


def test_unreadable_replies_are_asked_for_again_only_soundly() -> None:
    readable = {dialect: requests("infobench", ITEM, dialect)[0].readable("Hm.") for dialect in DIALECTS}
    assert readable == {"sound": False, "upstream": True, "authors": True}


def test_the_authors_repeat_the_questions_without_their_answers() -> None:
    *_, last = requests("infobench", ITEM, "authors")
    assert [turn.role for turn in last.messages] == ["user"] * 3
    assert [turn.content for turn in last.messages[1:]] == list(QUESTIONS[1:])


def test_upstream_asks_in_one_growing_dialogue() -> None:
    (first,) = requests("infobench", ITEM, "upstream")
    (second,) = requests("infobench", ITEM, "upstream", {"1": "YES."})
    assert second.key == "2"
    roles = [(turn.role, turn.content) for turn in second.messages]
    assert roles == [("user", first.messages[0].content), ("assistant", "YES."), ("user", QUESTIONS[1])]


@pytest.mark.parametrize("replies", [said("YES", "Hm."), said("YES", "NO", "YES")])
def test_upstream_asks_no_more_after_an_unknown_or_the_last(replies: dict[str, str]) -> None:
    assert requests("infobench", ITEM, "upstream", replies) == []


def test_released_outputs_and_judgments_are_read(tmp_path: Path) -> None:
    path = tmp_path / "released.jsonl"
    path.write_text(json.dumps(ITEM.model_dump() | {"output": "Hi", "eval": [True, False, None]}) + "\n")
    benchmark = BENCHMARKS["infobench"]
    assert [(a.id, a.response) for a in benchmark.answers(path)] == [("a", "Hi")]
    replies = {judgment.key: judgment.reply for judgment in benchmark.judgments(path)}
    assert one("infobench", ITEM, replies, "sound").parts["DRFR"] == 0.5


def test_our_own_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "ours.jsonl"
    path.write_text('{"id": "a", "key": "1", "reply": "NO", "response": "Hi"}\n')
    benchmark = BENCHMARKS["infobench"]
    assert [(a.id, a.response) for a in benchmark.answers(path)] == [("a", "Hi")]
    assert [(j.id, j.key, j.reply) for j in benchmark.judgments(path)] == [("a", "1", "NO")]
