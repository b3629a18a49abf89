"""FB-Bench: judgments, scores and rates as officially, and soundly."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path
from typing import Any

import pytest

from raif.config.eval import Dialect
from raif.eval.benchmark import BENCHMARKS
from raif.eval.benchmarks.fbbench import LONGEST, REASON, VERDICT, WEIGHT, Item, read, score
from tests.eval.judged import ANSWER, DIALECTS, IN_FIXTURES, RELEASED, lines, one, requests, scored, value
from tests.parity import Parity

Line = dict[str, Any]
MODELS = ("Phi-3-medium-4k-instruct", "gemma-2-9b-it")
VERSIONS = {"v1": "fb_bench_dataset.json", "v3": "fb_bench_dataset_v3.json"}
released = pytest.mark.parametrize("dialect", RELEASED)
POINTS = [("对", 0.3), ("全", 0.7)]
MEAN, ITEMS = "mean of tasks", "mean of items"


def item(kind: str = "Error Correction", task: str = "Coding", query: str = "6乘7？", **fields: Any) -> Item:
    checklist = POINTS if kind == "Error Correction" else ["对", "全"]
    return Item.model_validate(
        {
            "bench_type": kind,
            "task_type": task,
            "user_query": query,
            "origin_first_response": "41",
            "feedback": "不对吧？",
            "feedback_type": ["Questioning"],
            "checklist": checklist,
            **fields,
        }
    )


def judgment(weights: dict[str, float] = dict(POINTS), **verdicts: str) -> str:  # noqa: B006 (not changed)
    found = {p: {REASON: "因为", VERDICT: v, WEIGHT: weights.get(p)} for p, v in verdicts.items()}
    return json.dumps(found, ensure_ascii=False)


@pytest.fixture(scope="module")
def unpacked(benchmark_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The released files without their compression, as VERSION/KIND/MODEL.jsonl."""
    folder, packed = tmp_path_factory.mktemp("fbbench"), benchmark_data / "fbbench" / "fixtures"
    for path in packed.rglob("*.jsonl.gz"):
        target = folder / path.relative_to(packed).with_suffix("")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.decompress(path.read_bytes()))
    return folder


@pytest.mark.parity
@released
def test_every_reply_is_read_as_officially(benchmark_data: Path, parity: Parity, dialect: Dialect) -> None:
    path = benchmark_data / "fbbench" / "fixtures" / "judge_parse_cases.jsonl"
    cases = lines(path)
    found = []
    for case in cases:
        points = [(p, None) if isinstance(p, str) else tuple(p) for p in case["checklist"]]
        found.append(read(case["judge_response"], points, dialect))
    ours = [None if one is None else score(one) for one in found]
    parity.same(path, dialect, ours, [case[IN_FIXTURES[dialect]].get("score") for case in cases])


@pytest.mark.parity
@released
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("model", MODELS)
def test_released_judgments_score_as_published(
    benchmark_data: Path, parity: Parity, unpacked: Path, model: str, version: str, dialect: Dialect
) -> None:
    benchmark = BENCHMARKS["fbbench"]
    items = benchmark.items(benchmark_data / "fbbench" / VERSIONS[version])
    path = unpacked / version / "judgment" / f"{model}.jsonl"
    replies = {stored.id: {stored.key: stored.reply} for stored in benchmark.judgments(path)}
    outcome = scored("fbbench", items, replies, dialect)
    folder = benchmark_data / "fbbench" / "fixtures"
    parity.same(
        folder / version / "judgment" / f"{model}.jsonl.gz",
        dialect,
        {sample.item.user_query: sample.parts["score"] for sample in outcome.items},
        {line["user_query"]: line["score"] for line in lines(path)},
    )
    official = json.loads((folder / "official_aggregates.json").read_text("utf-8"))[version][model]
    parity.same(folder / "official_aggregates.json", dialect, *_totals(outcome, official))


def _totals(outcome: Any, official: Line) -> tuple[Line, Line]:
    """Ours and theirs: the rates to the printed decimal, the cells as they are."""
    ours: Line = {}
    for name, column in (("macro_over_task_types", MEAN), ("micro_over_items", ITEMS)):
        parts = {part: value(outcome, "score", part.replace("_", " "), column) for part in official[name]}
        ours[name] = {part: 100 * round(share or 0, 4) for part, share in parts.items()}
    cells = {
        cell: value(outcome, "kind and task", cell.replace(" / ", "/"), "score") for cell in official["cells"]
    }
    theirs = {name: official[name] for name in ours}
    return ours | cells, theirs | {cell: one["mean"] for cell, one in official["cells"].items()}


@pytest.mark.parity
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("model", MODELS)
def test_released_answers_are_read(
    benchmark_data: Path, parity: Parity, unpacked: Path, model: str, version: str
) -> None:
    benchmark = BENCHMARKS["fbbench"]
    items = benchmark.items(benchmark_data / "fbbench" / VERSIONS[version])
    path = unpacked / version / "answer" / f"{model}.jsonl"
    answers = {answer.id: answer.response for answer in benchmark.answers(path)}
    stored = {line["user_query"]: line["second_response"] for line in lines(path)}
    packed = benchmark_data / "fbbench" / "fixtures" / version / "answer" / f"{model}.jsonl.gz"
    asked = {item.user_query: answers[item.id] for item in items}
    parity.same(packed, "both", asked, {query: stored[query] for query in asked})


@pytest.mark.parity
def test_first_turns_tell_all_items_apart(benchmark_data: Path) -> None:
    for file in VERSIONS.values():
        items = BENCHMARKS["fbbench"].items(benchmark_data / "fbbench" / file)
        assert len({item.id for item in items}) == len(items) > 500


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (judgment(对="是", 全="否"), 0.3),
        (f"好的。\n```json\n{judgment(对='是', 全='是')}\n```\n完", 1),
        (f"```json\n{judgment(对='否', 全='否')}", 0),
        (judgment(对="是", 全="否").replace("0.7}", "0.7,}"), 0.3),
        (judgment(对="是", 全="否").replace("因为", r"因\pi为"), 0.3),
        (judgment(对="是", 全="否").replace("0.3", "0.9"), 0.3),
        (judgment(对="是"), None),
        (judgment(对="是", 全="否", 外="是"), None),
        (judgment(对="部分", 全="否"), None),
        (judgment(对="是", 全="否").replace("因为", ""), None),
        ("我认为满足要求。", None),
        ("{}", None),
        ("", None),
    ],
)
def test_judgment_is_sound_where_its_points_are_the_checklists(reply: str, found: float | None) -> None:
    entries = read(reply, POINTS, "sound")
    assert (None if entries is None else score(entries)) == found


def test_one_point_is_enough_where_points_have_no_weight() -> None:
    its, reply = item("Response Maintenance"), judgment({}, 对="否", 全="是")
    for dialect in DIALECTS:
        assert one("fbbench", its, {"judge": reply}, dialect).parts == {"score": 1}


def test_duplicate_points_count_with_both_weights_soundly() -> None:
    points = [("对", 0.3), ("对", 0.3), ("全", 0.4)]
    entries = read(judgment(对="是", 全="是"), points, "sound")
    assert entries is not None
    assert score(entries) == pytest.approx(1)


def test_overall_weighs_cells_equally() -> None:
    items = [item(query="a"), item(query="b"), item(task="Reasoning", query="c")]
    verdicts = [("是", "是"), ("是", "是"), ("否", "否")]
    replies = {i.id: {"judge": judgment(对=a, 全=b)} for i, (a, b) in zip(items, verdicts, strict=True)}
    outcome = scored("fbbench", items, replies, "sound")
    assert value(outcome, "score", "overall", MEAN) == 0.5
    assert value(outcome, "score", "overall", ITEMS) == pytest.approx(2 / 3)
    assert value(outcome, "score", "response maintenance", MEAN) is None


@pytest.mark.parametrize(("dialect", "shown"), [("sound", 0), ("upstream", None), ("authors", None)])
def test_zero_is_not_shown_officially(dialect: Dialect, shown: float | None) -> None:
    its = item()
    outcome = scored("fbbench", [its], {its.id: {"judge": judgment(对="否", 全="否")}}, dialect)
    assert value(outcome, "score", "overall", MEAN) == shown


def test_unreadable_judgments_are_left_out() -> None:
    items = [item(query="a"), item(query="b")]
    replies = {items[0].id: {"judge": judgment(对="是", 全="否")}, items[1].id: {"judge": "?"}}
    for dialect in DIALECTS:
        assert value(scored("fbbench", items, replies, dialect), "score", "overall", MEAN) == 0.3


@pytest.mark.parametrize(("dialect", "score"), [("sound", None), ("upstream", 0), ("authors", None)])
@pytest.mark.parametrize("judgement", [None, "the text has repetitive patterns", {"error": "refused"}])
def test_a_score_of_0_without_a_judgment_counts_upstream(
    dialect: Dialect, score: float | None, judgement: Any, tmp_path: Path
) -> None:
    its, path = item(), tmp_path / "judged.jsonl"
    record = {"user_query": its.user_query, "judgement": judgement, "score": 0}
    path.write_text(json.dumps(record) + "\n", "utf-8")
    (stored,) = BENCHMARKS["fbbench"].judgments(path)
    assert one("fbbench", its, {stored.key: stored.reply}, dialect).parts == {"score": score}


def test_nothing_judged_is_no_score() -> None:
    assert scored("fbbench", [item()], {}, "sound").paper == {"overall": None}


def test_blank_answer_fails_without_a_judge() -> None:
    assert one("fbbench", item(), {}, "sound", answer=" ").parts == {"score": 0}


def test_model_sees_the_first_round_and_the_feedback() -> None:
    turns = [(turn.role, turn.content) for turn in item(query=" 6乘7？\n").messages]
    assert turns == [("user", " 6乘7？\n"), ("assistant", "41"), ("user", "不对吧？")]


def test_judge_sees_both_rounds_the_reference_and_the_checklist() -> None:
    (request,) = requests("fbbench", item(reference_second_response="42。"), "sound")
    (turn,) = request.messages
    assert all(text in turn.content for text in ("6乘7？", "41", "不对吧？", ANSWER, "42。", '["对", 0.3]'))
    skeleton = turn.content.rpartition("```json")[2].removesuffix("```\n")
    assert json.loads(skeleton) == {p: {REASON: "", VERDICT: "", WEIGHT: weight} for p, weight in POINTS}


@pytest.mark.parametrize("unit", ["[", "{", '{"a":', "- ", "```json\n", "\n \n", "{a: &a [", "a"])
def test_no_reply_takes_long(unit: str) -> None:
    for dialect in DIALECTS:
        start = time.process_time()
        read(unit * (LONGEST // len(unit)), POINTS, dialect)
        assert time.process_time() - start < 1


@pytest.mark.parametrize(("dialect", "score"), [("upstream", 0), ("authors", None), ("sound", None)])
def test_a_stored_refusal_of_the_judges_service_is_0_upstream(
    tmp_path: Path, dialect: Dialect, score: float | None
) -> None:
    """It was left out, and three models of the published table came out 0.06 to 0.11 points too high."""
    its = item()
    line = {"user_query": its.user_query, "judgement": None, "score": 0}
    (tmp_path / "judged.jsonl").write_text(json.dumps(line))
    (stored,) = BENCHMARKS["fbbench"].judgments(tmp_path / "judged.jsonl")
    assert stored.id == its.id
    assert one("fbbench", its, {"judge": stored.reply}, dialect).parts == {"score": score}
