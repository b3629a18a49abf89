"""FB-Bench: does a model make good use of feedback on its answer?

Paper: Li et al. 2024, https://arxiv.org/abs/2410.09412. Chinese dialogues of two turns with a checklist for
the second answer: 734 in the first release, which the method's authors use, 591 in the third (`--data`).

An item, in the layout of the public file, a JSON list:
    {"bench_type": "Error Correction", "task_type": "Mathematics", "user_query": "6乘7是多少？",
     "origin_first_response": "41", "feedback": "不对吧？", "feedback_type": ["Pointing Out Errors"],
     "reference_second_response": "抱歉，是42。", "checklist": [["是否给出了42", 0.9], ["是否承认错误", 0.1]]}

Prompt: the first turn with its given answer, then the feedback as the user's second turn.
Judge: one request an item, with a reference where there is one; yes or no for each point (`fbbench_judge`).
Score: the weight of the points that are met; where the model was right at first (response maintenance) one
point is enough. The headline is the mean over 16 cells, one for each kind of feedback and task. The released
dialects round it, and show nothing where it is zero.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from raif.config.eval import Dialect
from raif.eval.benchmark import BENCHMARKS, Benchmark, Sample, Scored, judge_messages
from raif.eval.benchmarks.fbbench.judge import REASON, TOLERANCE, VERDICT, WEIGHT, YES, Points, read, score
from raif.eval.rates import Figure, Rates, Row, Table, Tally, average
from raif.eval.released import lines, parsed
from raif.eval.stored import StoredAnswer, StoredJudgment
from raif.files import jsonl
from raif.judge.requests import JudgeRequest, Replies
from raif.prompts import Prompts
from raif.types import Message, Verdict, Verification

JUDGE = "judge"
KINDS = {"error correction": "Error Correction", "response maintenance": "Response Maintenance"}


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
    """The first turn is what released files join by."""
    return hashlib.sha256(query.encode()).hexdigest()[:12]


class FBBench(Benchmark[Item]):
    file = "fbbench/fb_bench_dataset.json"
    source = "https://github.com/PKU-Baichuan-MLSystemLab/FB-Bench"
    prompts = "fbbench"

    def items(self, path: Path) -> Sequence[Item]:
        return parsed(path, Item)

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

    def score(self, item: Item, answer: str | None, replies: Replies, dialect: Dialect) -> Scored:
        labels = {"kind": item.bench_type, "task": item.task_type}
        if dialect == "sound" and not (answer or "").strip():
            failed = tuple(Verdict(point, False, False, "empty answer") for point, _ in item.points)
            return Scored(Verification(failed, False, False, 0.0), {"score": 0.0}, labels)
        reply = replies.get(JUDGE)
        found = None if reply is None else read(reply, item.points, dialect)
        if found is None:
            reason = "not judged" if reply is None else f"not the object asked for: {reply[:80]!r}"
            unjudged = tuple(Verdict(point, None, None, reason) for point, _ in item.points)
            return Scored(Verification(unjudged, None, None, None), {"score": None}, labels)
        said = [(point, entry[VERDICT] == YES, entry[REASON]) for point, entry in found.items()]
        verdicts = tuple(Verdict(point, met, met, f"judge: {reason}") for point, met, reason in said)
        value = score(found)
        followed = value >= 1 - TOLERANCE
        return Scored(Verification(verdicts, followed, followed, value), {"score": value}, labels)

    def tally(self, sample: Sample[Item], dialect: Dialect) -> Tally:
        value, item = sample.scored.parts["score"], sample.item
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

    def paper(self, rates: Rates, dialect: Dialect) -> Mapping[str, Figure]:
        return {"overall": _overall(rates, _cells(rates, ""), dialect)}

    def answers(self, path: Path) -> Iterable[StoredAnswer]:
        """Ours, and the released files: the data with `second_response` a line."""
        for where, record in lines(path):
            if "second_response" in record:
                record = {"id": id_of(record["user_query"]), "response": record["second_response"]}
            yield jsonl.parse(record, StoredAnswer, where)

    def judgments(self, path: Path) -> Iterable[StoredJudgment]:
        """Ours, and the released files: the data with `judgement`, the object, a line."""
        for where, record in lines(path):
            if "judgement" in record:
                reply = json.dumps(record["judgement"], ensure_ascii=False)
                record = {"id": id_of(record["user_query"]), "key": JUDGE, "reply": reply}
            yield jsonl.parse(record, StoredJudgment, where)


def _cells(rates: Rates, kind: str) -> list[str]:
    """Those of one kind of feedback, or of both."""
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


BENCHMARKS.add("fbbench", FBBench())
