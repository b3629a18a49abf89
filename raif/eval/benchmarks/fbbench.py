"""FB-Bench: does a model make good use of feedback on its answer?

Paper: Li et al. 2024, https://arxiv.org/abs/2410.09412. Chinese dialogues of two turns with a checklist for
the second answer: 734 in the first release, which the method's authors use, 591 in the third (`--data`).

An item, in the layout of the public file, a JSON list:
    {"bench_type": "Error Correction", "task_type": "Mathematics", "user_query": "6乘7是多少？",
     "origin_first_response": "41", "feedback": "不对吧？", "feedback_type": ["Pointing Out Errors"],
     "reference_second_response": "抱歉，是42。", "checklist": [["是否给出了42", 0.9], ["是否承认错误", 0.1]]}

Prompt: the first turn with its given answer, then the feedback as the user's second turn.
Judge: one request per item, with the right answer if there is one. The reply is an object that gives each
point of the checklist a reason, a verdict (yes or no) and its weight.
Score: the weight of the points that are met. If the model was right at first (response maintenance), points
have no weight and one that is met is enough. The headline is the mean over 16 cells, one for each kind of
feedback and task. The released dialects round it, and show nothing if it is zero.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict

from raif.config.eval import Dialect
from raif.eval.benchmark import BENCHMARKS, Benchmark, ScoredItem, judge_messages, numbered
from raif.eval.benchmarks.cello.scores import shallow
from raif.eval.rates import Estimate, Figure, Rates, Row, Table, Tally, average
from raif.eval.stored import StoredAnswer, StoredJudgment, parsed, released, rows
from raif.files import jsonl
from raif.files.benchmark_data import PLACES
from raif.judge.requests import JudgeRequest, Replies
from raif.prompts import Prompts
from raif.types import Message, Verdict, Verification

JUDGE = "judge"
KINDS = {"error correction": "Error Correction", "response maintenance": "Response Maintenance"}
REASON, VERDICT, WEIGHT = "评判理由", "评判结果", "weight"
YES, NO = "是", "否"
TOLERANCE = 1e-6
REFUSED = "the judge's service refused to judge"
"""Stands for the reply where a released line has none, but the score 0."""
LONGEST = 10_000
"""Characters up to which a reply that is not JSON is read as YAML."""
_OPENED = re.compile(r"^```(?:json)?[ \t]*\n", re.MULTILINE)

Points: TypeAlias = Sequence[tuple[str, float | None]]
"""The checklist: texts with weights."""
Entries: TypeAlias = Mapping[str, Mapping[str, Any]]
"""What the judge says: a reason, a verdict and a weight for each point."""


class Item(BaseModel):
    """`checklist`: points, with weights that add up to 1 for error correction."""

    model_config = ConfigDict(frozen=True)
    bench_type: Literal["Error Correction", "Response Maintenance"]
    task_type: str
    user_query: str
    origin_first_response: str
    feedback: str
    feedback_type: tuple[str, ...] = ()
    reference_second_response: str = ""
    checklist: tuple[tuple[str, float] | str, ...]

    @property
    def id(self) -> str:
        return id_of(self.user_query)

    @property
    def points(self) -> Points:
        return [(point, None) if isinstance(point, str) else point for point in self.checklist]

    @property
    def messages(self) -> tuple[Message, ...]:
        return (
            Message(role="user", content=self.user_query),
            Message(role="assistant", content=self.origin_first_response),
            Message(role="user", content=self.feedback),
        )


def id_of(query: str) -> str:
    """Released files have no ids: they are matched by the first turn."""
    return hashlib.sha256(query.encode()).hexdigest()[:12]


class FBBench(Benchmark[Item]):
    file = PLACES["fbbench"].path
    program = "PKU-Baichuan-MLSystemLab/FB-Bench dacc09b"
    source = "https://github.com/PKU-Baichuan-MLSystemLab/FB-Bench"
    prompts = "fbbench"

    def items(self, path: Path) -> Sequence[Item]:
        return parsed(path, Item)

    def names(self, items: Sequence[Item]) -> Mapping[str, str]:
        return numbered(items, lambda item: f"{item.bench_type}, {item.task_type}")

    def requests(
        self, item: Item, answer: str, replies: Replies, prompts: Prompts, dialect: Dialect
    ) -> Sequence[JudgeRequest]:
        skeleton = {point: {REASON: "", VERDICT: "", WEIGHT: weight} for point, weight in item.points}
        text = prompts.fill(
            "ask",
            query=item.user_query,
            first_response=item.origin_first_response,
            feedback=item.feedback,
            reference=item.reference_second_response,
            answer=answer,
            checklist=json.dumps(item.checklist, ensure_ascii=False),
            skeleton=json.dumps(skeleton, ensure_ascii=False, indent=4),
        )
        again = prompts.fill("again") if dialect == "sound" else ""

        def readable(reply: str) -> bool:
            return read(reply, item.points, dialect) is not None

        return [JudgeRequest(JUDGE, judge_messages(text, dialect), readable, again)]

    def score(self, item: Item, answer: str | None, replies: Replies, dialect: Dialect) -> ScoredItem[Item]:
        labels = {"kind": item.bench_type, "task": item.task_type}
        reply, failure = replies.get(JUDGE), ""
        if dialect == "sound" and not (answer or "").strip():
            failure = "empty answer"
        elif dialect == "upstream" and reply == REFUSED:
            failure = REFUSED
        if failure:
            failed = tuple(Verdict(point, False, False, failure) for point, _ in item.points)
            return ScoredItem(item, Verification(failed, False, False, 0.0), {"score": 0.0}, labels)
        found = None if reply is None else read(reply, item.points, dialect)
        if found is None:
            reason = "not judged" if reply is None else f"not the requested object: {reply[:80]!r}"
            unjudged = tuple(Verdict(point, None, None, reason) for point, _ in item.points)
            return ScoredItem(item, Verification(unjudged, None, None, None), {"score": None}, labels)
        said = [(point, entry[VERDICT] == YES, entry[REASON]) for point, entry in found.items()]
        verdicts = tuple(Verdict(point, met, met, f"judge: {reason}") for point, met, reason in said)
        value = score(found)
        followed = value >= 1 - TOLERANCE
        return ScoredItem(item, Verification(verdicts, followed, followed, value), {"score": value}, labels)

    def tally(self, scored: ScoredItem[Item], dialect: Dialect) -> Tally:
        value, item = scored.main, scored.item
        if value is None:
            return {}
        feedback = (f"feedback/{name}" for name in item.feedback_type)
        cells = ("items", f"items/{item.bench_type}", f"{item.bench_type}/{item.task_type}", *feedback)
        return {cell: [value] for cell in cells}

    def tables(self, rates: Rates, dialect: Dialect) -> Sequence[Table]:
        rows = [_row(rates, "overall", "", dialect)]
        rows += [_row(rates, name, kind, dialect) for name, kind in KINDS.items()]
        cells = [f"{kind}/{task}" for kind in KINDS.values() for task in rates.under(f"{kind}/")]
        feedback = [rates.row(name, f"feedback/{name}") for name in rates.under("feedback/")]
        return [
            Table("score", ("mean of tasks", "mean of items"), tuple(rows)),
            Table("kind and task", ("score",), tuple(rates.row(cell, cell) for cell in cells)),
            Table("feedback", ("score",), tuple(feedback)),
        ]

    def paper(self, rates: Rates, dialect: Dialect) -> Mapping[str, Estimate]:
        cells = _cells(rates, "")
        return {"overall": rates.estimate(_overall(rates, cells, dialect), cells)}

    def answers(self, path: Path) -> Iterable[StoredAnswer]:
        """Ours, or the released files: the data with `second_response` on each line."""
        for where, record in rows(path):
            if "second_response" in record:
                with released(where):
                    record = {"id": id_of(record["user_query"]), "response": record["second_response"]}
            yield jsonl.parse(record, StoredAnswer, where)

    def judgments(self, path: Path) -> Iterable[StoredJudgment]:
        """Ours, or the released files: the data with `judgement`, the object, on each line.

        Where the judge's service refused, the released program stored a `score` of 0 without a judgment.
        """
        for where, record in jsonl.objects(path):
            if "judgement" in record or "score" in record:
                reply = json.dumps(record.get("judgement"), ensure_ascii=False)
                if record.get("score") == 0 and read(reply, (), "upstream") is None:
                    reply = REFUSED
                with released(where):
                    record = {"id": id_of(record["user_query"]), "key": JUDGE, "reply": reply}
            yield jsonl.parse(record, StoredJudgment, where)


def _cells(rates: Rates, kind: str) -> list[str]:
    """Those of one kind of feedback, or of both if `kind` is empty."""
    starts = tuple(f"{one}/" for one in KINDS.values() if kind in one)
    return [cell for cell in rates.cells if cell.startswith(starts)]


def _overall(rates: Rates, cells: Sequence[str], dialect: Dialect) -> Figure:
    mean = average(rates[cell] for cell in cells)
    if dialect == "sound":
        return mean
    rounded = np.round(mean, 4)
    return np.where(rounded == 0, np.nan, rounded)


def _row(rates: Rates, name: str, kind: str, dialect: Dialect) -> Row:
    cells = _cells(rates, kind)
    return rates.row(name, _overall(rates, cells, dialect), f"items/{kind}" if kind else "items", of=cells)


def read(reply: str, points: Points, dialect: Dialect) -> Entries | None:
    """The judgment in a reply. None if it has none that follows the rules; then the judge is asked again.

    The points must be those of the checklist, and its weights count. In the released dialects any points are
    accepted, with the weights that the judge gives them, as long as these add up to at most 1.
    """
    found = _parsed(reply, dialect)
    valid = isinstance(found, Mapping) and all(bool(point) and _kept(e) for point, e in found.items())
    if not valid or score(found) > 1 + TOLERANCE:
        return None
    if dialect != "sound":
        return found
    weights: dict[str, float | None] = {}
    for point, weight in points:  # a point that is listed twice has both weights
        weights[point] = None if weight is None else weight + (weights.get(point) or 0)
    if set(found) != set(weights):
        return None
    return {point: {**found[point], WEIGHT: weight} for point, weight in weights.items()}


def score(entries: Entries) -> float:
    """Added one by one, because `sum` rounds differently from Python 3.12 on."""
    total = 0.0
    for entry in entries.values():
        if entry[VERDICT] == YES:
            if entry[WEIGHT] is None:
                return 1.0
            total += entry[WEIGHT]
    return total


def _kept(entry: Any) -> bool:
    """Whether an entry has all that is required."""
    if not isinstance(entry, Mapping) or not {REASON, VERDICT, WEIGHT} <= set(entry):
        return False
    reason, verdict, weight = entry[REASON], entry[VERDICT], entry[WEIGHT]
    weighs = weight is None or (isinstance(weight, int | float) and 0 < weight <= 1)
    return isinstance(reason, str) and bool(reason) and verdict in (YES, NO) and weighs


def _parsed(reply: str, dialect: Dialect) -> Any:
    """What the first parser that succeeds makes of a reply; None if none does.

    upstream accepts plain JSON only. The others remove a code fence and forgive slips: sound reads JSON5, the
    method's authors also YAML and Python.
    """
    readers: tuple[Callable[[str], Any], ...] = (json.loads,)
    if dialect == "authors":
        if opened := _OPENED.search(reply):
            # From the first fence to the last. Without a last one the last character is lost, as officially.
            reply = reply[opened.end() : reply.rfind("\n```", opened.end() - 1)]
        reply, readers = re.sub(r"\n\s*\n", "\n", reply), (json.loads, _json5, _yaml, _python)
    elif dialect == "sound":
        reply, readers = reply[reply.find("{") : reply.rfind("}") + 1], (json.loads, _json5)
    for reader in readers:
        try:
            return reader(reply)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, yaml.YAMLError):
            continue
    return None


def _json5(text: str) -> Any:
    import json5

    return json5.loads(text)


def _yaml(text: str) -> Any:
    if len(text) > LONGEST or not shallow(text):
        raise ValueError("could take seconds")
    return yaml.safe_load(text)


def _python(text: str) -> Any:
    with warnings.catch_warnings(action="ignore"):  # about escapes that Python does not know
        return ast.literal_eval(text)


BENCHMARKS.add("fbbench", FBBench())
