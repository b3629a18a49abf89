"""CFBench: judgments, scores and rates as officially, and soundly."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from raif.config.eval import Dialect
from raif.errors import RecordError
from raif.eval.benchmark import BENCHMARKS
from raif.eval.benchmarks.cfbench import METRICS, Item, Marks, metrics, read
from raif.eval.run import Scores
from tests.eval.judged import ANSWER, DIALECTS, IN_FIXTURES, RELEASED, lines, one, requests, scored, value
from tests.parity import Parity

Line = dict[str, Any]
MAIN, OTHER = "主需", "次需"
CRITERIA = ["写三句话", "语气活泼", "提到潮池"]
STRICT = "写三句话\t1\n\n语气活泼\t0\n\n提到潮池\t1"
released = pytest.mark.parametrize("dialect", RELEASED)
MODELS = ("abab", "gpt4o", "moonshot")


def item(idx: int = 0, split: str = "easy") -> Item:
    priorities = (MAIN, OTHER, OTHER)
    criteria = [(text, priority, "kind", "") for text, priority in zip(CRITERIA, priorities, strict=True)]
    return Item.model_validate({"idx": idx, "prompt": "写。", "split": split, "criteria": criteria})


@pytest.fixture(scope="module")
def items(benchmark_data: Path) -> dict[int, Item]:
    found = BENCHMARKS["cfbench"].items(benchmark_data / "cfbench" / "cfbench_data.json")
    return {one.idx: one for one in found}


def cases(benchmark_data: Path) -> list[dict[str, Any]]:
    return lines(benchmark_data / "cfbench" / "fixtures" / "parse_cases.jsonl")


def judged(reply: str, item: Item, dialect: Dialect) -> Line:
    """What the official program keeps of a judgment; nothing if it crashes."""
    found = read(reply, item.texts, dialect)
    if found is None:
        return {"crash": True}
    values = metrics(found, [criterion[1] for criterion in item.criteria])
    shown = dict(zip(METRICS, values, strict=True))
    return {"judge_score": list(found.scores), "judge_parsing": str(found.parsed), **shown}


def expected(official: Line) -> Line:
    """Of what the official program says, that which `judged` says too."""
    if "crash" in official:
        return {"crash": True}
    return {name: official[name] for name in ("judge_score", "judge_parsing", *METRICS)}


def rates(outcome: Scores) -> Line:
    """The rates of all sets, to the two decimals that are printed."""
    sets = (("full", ""), ("easy", "_easy"), ("hard", "_hard"))
    return {f"{m}{suffix}": value(outcome, "set", name, m) for name, suffix in sets for m in METRICS}


@pytest.mark.parity
@released
def test_every_reply_is_read_as_officially(
    benchmark_data: Path, parity: Parity, items: dict[int, Item], dialect: Dialect
) -> None:
    path = benchmark_data / "cfbench" / "fixtures" / "parse_cases.jsonl"
    found = lines(path)
    ours = [judged(case["judge_response"], items[case["idx"]], dialect) for case in found]
    parity.same(path, dialect, ours, [expected(case[IN_FIXTURES[dialect]]) for case in found])


@pytest.mark.parity
@released
def test_rates_are_the_official_ones(
    benchmark_data: Path, parity: Parity, items: dict[int, Item], dialect: Dialect
) -> None:
    replies = {str(case["idx"]): {"judge": case["judge_response"]} for case in cases(benchmark_data)}
    path = benchmark_data / "cfbench" / "fixtures" / "parse_cases_scores.json"
    chosen = [items[int(idx)] for idx in replies]
    ours = rates(scored("cfbench", chosen, replies, dialect))
    official = json.loads(path.read_text("utf-8"))[IN_FIXTURES[dialect]]
    parity.same(path, dialect, ours, {name: official[name] for name in ours})


@pytest.mark.parity
@released
@pytest.mark.parametrize("model", MODELS)
def test_released_judgments_score_as_published(
    benchmark_data: Path, parity: Parity, items: dict[int, Item], model: str, dialect: Dialect
) -> None:
    folder = benchmark_data / "cfbench" / "fixtures"
    path = folder / "official_scores.json"
    official = json.loads(path.read_text("utf-8"))[model]
    stored = list(BENCHMARKS["cfbench"].judgments(folder / "judge" / f"{model}_eval.json"))
    replies = {judgment.id: {judgment.key: judgment.reply} for judgment in stored}
    assert len(replies) == official["n"]
    chosen = [items[one["idx"]] for one in official["items"]]
    ours = [judged(replies[its.id]["judge"], its, dialect) for its in chosen]
    parity.same(path, dialect, ours, [expected(one[IN_FIXTURES[dialect]]) for one in official["items"]])
    found = rates(scored("cfbench", [items[int(id)] for id in replies], replies, dialect))
    sets = official["upstream" if dialect == "upstream" else "raif_parser"]
    parity.same(path, dialect, found, {name: sets[name] for name in found})


@pytest.mark.parity
def test_released_judgments_in_their_form_have_the_same_sound_scores(
    benchmark_data: Path, items: dict[int, Item]
) -> None:
    """What the strict parser takes, ours takes with the same scores."""
    strict = [case for case in cases(benchmark_data) if case["upstream"].get("judge_parsing") == "1"]
    for case in strict:
        found = read(case["judge_response"], items[case["idx"]].texts, "sound")
        assert found is not None
        assert [float(s) for s in found.scores] == [float(s) for s in case["upstream"]["judge_score"]]


@pytest.mark.parametrize(
    "reply",
    [
        STRICT,
        f"以下是结果：\n\n{STRICT}\n",
        STRICT.replace("\n\n", "\n"),
        STRICT.replace("\t", "  "),
        f"```\n{STRICT}\n```",
        "1. 写三句话\t1\n\n2. 语气活泼\t0\n\n3. 提到潮池\t1",
        "提到潮池\t1\n\n语气活泼\t0\n\n写三句话\t1",
        STRICT.replace("1", "1.0"),
        STRICT.replace("写三句话", "写三\n句话。"),
    ],
)
def test_scores_are_found_by_the_criterion(reply: str) -> None:
    assert read(reply, CRITERIA, "sound") == Marks(("1", "0", "1"))


def test_a_criterion_with_a_line_that_ends_like_a_score_is_read() -> None:
    criteria = ["照示例回答\n示例 1\n用户：累\n示例 2\n用户：忙", "提到 1", "写三句话"]
    scores = [f"{text}\t{score}" for text, score in zip(criteria, "010", strict=True)]
    assert read("\n\n".join(scores), criteria, "sound") == Marks(("0", "1", "0"))
    assert read("\n\n".join(scores).replace("\t", " "), criteria, "sound") == Marks(("0", "1", "0"))


@pytest.mark.parity
def test_every_item_of_the_data_can_be_judged(items: dict[int, Item]) -> None:
    for its in items.values():
        reply = "\n\n".join(f"{text}\t{n % 2}" for n, text in enumerate(its.texts))
        if len(set(its.texts)) == len(its.texts):
            expected = tuple(str(n % 2) for n in range(len(its.texts)))
            assert read(reply, its.texts, "sound") == Marks(expected), its.idx


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "写三句话\t1\n\n语气活泼\t0",
        STRICT.replace("活泼\t0", "活泼\tN/A"),
        STRICT.replace("活泼\t0", "轻松\t0"),
        f"{STRICT}\n\n语气活泼\t1",
    ],
)
def test_what_leaves_a_criterion_open_is_no_sound_judgment(reply: str) -> None:
    assert read(reply, CRITERIA, "sound") is None


def test_one_line_of_an_unreadable_judgment_is_a_perfect_score_upstream() -> None:
    found = read("写三句话\t1\n语气活泼\t0\n提到潮池\t0", CRITERIA, "upstream")
    assert found == Marks(("1",), 0)


def test_the_last_score_stands_for_all_where_pieces_are_missing() -> None:
    assert read("写三句话\t0\n\n语气活泼\t1", CRITERIA, "authors") == Marks(("1", "1", "0"))


def test_an_error_in_place_of_a_judgment_scores_nothing() -> None:
    assert read("Error", CRITERIA, "authors") == Marks(("0",), -1)


@pytest.mark.parametrize(
    ("met", "priorities", "expected"),
    [
        ("111", [MAIN, OTHER, OTHER], (1, 1, 1)),
        ("110", [MAIN, OTHER, OTHER], (0.67, 0, 0)),
        ("011", [MAIN, OTHER, OTHER], (0.67, 0, 0)),
        ("1110", [MAIN, OTHER, OTHER, OTHER], (0.75, 0, 1)),
        ("111100", [MAIN, OTHER, OTHER, OTHER, OTHER, OTHER], (0.67, 0, 0)),
        ("11", [MAIN, MAIN], (1, 1, 1)),
        ("11110", [OTHER] * 5, (0.8, 0, 0)),
        ("111110", [OTHER] * 6, (0.83, 0, 1)),
    ],
)
def test_scores_follow_the_priorities(met: str, priorities: list[str], expected: tuple[float, ...]) -> None:
    assert metrics(Marks(tuple(met)), priorities) == expected


def test_unreadable_judgments_are_left_out_soundly() -> None:
    replies = {"0": {"judge": STRICT}, "1": {"judge": "?"}}
    outcome = scored("cfbench", [item(0), item(1, "hard")], replies, "sound")
    assert value(outcome, "set", "full", "CSR") == 0.67
    assert value(outcome, "set", "hard", "CSR") is None
    assert value(outcome, "priority of criterion", OTHER, "met") == 0.5


def test_headline_is_the_mean_of_three_cut_off_officially() -> None:
    outcomes = {d: scored("cfbench", [item()], {"0": {"judge": STRICT}}, d) for d in DIALECTS}
    paper = {dialect: found.paper["mean of CSR, ISR, PSR"] for dialect, found in outcomes.items()}
    assert {dialect: found and found.value for dialect, found in paper.items()} == {
        "sound": pytest.approx(0.67 / 3),
        "upstream": 0.2233,
        "authors": 0.2233,
    }


def test_blank_answer_fails_without_a_judge() -> None:
    found = one("cfbench", item(), {}, "sound", answer="")
    assert found.parts == {"mean": 0, "CSR": 0, "ISR": 0, "PSR": 0}


def test_judge_sees_instruction_answer_and_checklist() -> None:
    (request,) = requests("cfbench", item(), "sound")
    (turn,) = request.messages
    assert all(text in turn.content for text in ("写。", ANSWER, "\n\n".join(CRITERIA)))
    assert request.again


@pytest.mark.parametrize(("dialect", "system"), [("sound", 0), ("upstream", 0), ("authors", 1)])
def test_the_authors_put_a_system_text_before(dialect: Dialect, system: int) -> None:
    (request,) = requests("cfbench", item(), dialect)
    assert [turn.role for turn in request.messages] == ["system"] * system + ["user"]


def test_upstream_asks_again_until_the_form_is_right() -> None:
    (request,) = requests("cfbench", item(), "upstream")
    assert request.readable(STRICT)
    assert not request.readable(STRICT.replace("\n\n", "\n"))
    assert request.again == ""


@pytest.mark.parity
def test_released_answers_are_read(benchmark_data: Path) -> None:
    path = benchmark_data / "cfbench" / "fixtures" / "judge" / "moonshot_eval.json"
    answered = [record for record in json.loads(path.read_text("utf-8")) if record["response"]]
    assert len([answer for answer in BENCHMARKS["cfbench"].answers(path) if answer.response]) == len(answered)


@pytest.mark.parametrize("text", ["{}", "[1]", "[{}]", "no"])
def test_file_of_another_kind_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "judged.json"
    path.write_text(text)
    with pytest.raises(RecordError, match=r"judged\.json"):
        BENCHMARKS["cfbench"].judgments(path)


@pytest.mark.parametrize("unit", ["\t", "1\t", "a ", "\n", " 1"])
def test_no_reply_takes_long(unit: str) -> None:
    for dialect in DIALECTS:
        start = time.process_time()
        read(unit * (20_000 // len(unit)), CRITERIA, dialect)
        assert time.process_time() - start < 1
