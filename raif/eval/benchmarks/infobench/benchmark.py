"""InfoBench: instructions taken apart into yes/no questions about the answer.

Paper: Qin et al. 2024, https://arxiv.org/abs/2401.03601. 500 prompts, 248 of them hard, with 2250 questions.

An item, in the layout of the public file:
    {"id": "domain_oriented_task_1", "instruction": "Sort the tide pools by depth.", "input": "Kelp, Anchor",
     "category": "Biology", "subset": "Hard_set",
     "decomposed_questions": ["Are both pools named?", "Are they in the order of their depth?"],
     "question_label": [["Content"], ["Format", "Number"]]}

Prompt: the instruction and its input as the user's turn, after the system text where one is configured.
Judge: one request a question (`infobench_judge`), answered by YES or NO.
Score: the share of all questions that are met (DRFR), and the share of prompts with all of them met. In the
released programs a reply that can't be read is a question that is not met, and upstream leaves out all
questions of the item that come after it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from raif.config.eval import Dialect
from raif.eval.benchmark import BENCHMARKS, Benchmark, Sample, Scored
from raif.eval.benchmarks.infobench.judge import read, turns
from raif.eval.rates import Figure, Rates, Table, Tally
from raif.eval.released import lines
from raif.eval.stored import StoredAnswer, StoredJudgment
from raif.files import jsonl
from raif.judge.requests import JudgeRequest, Replies
from raif.prompts import Prompts
from raif.types import Message, Verdict, Verification

SETS = {"all": "", "easy": "Easy_set/", "hard": "Hard_set/"}
AUTHORS_SMOOTHING = 1e-4
"""What the method's authors add to the rates' denominators."""
EMPTY, NOT_JUDGED = "empty answer", "not judged"


class Item(BaseModel):
    """`question_label`: of what kinds each question is."""

    model_config = ConfigDict(frozen=True)
    id: str
    instruction: str
    input: str = ""
    category: str
    subset: Literal["Easy_set", "Hard_set"]
    decomposed_questions: tuple[str, ...]
    question_label: tuple[tuple[str, ...], ...]

    @property
    def messages(self) -> tuple[Message, ...]:
        return (Message(role="user", content=f"{self.instruction}\n\n{self.input}".strip()),)


class InfoBench(Benchmark[Item]):
    file = "infobench/InfoBench.json"
    source = "https://huggingface.co/datasets/kqsong/InFoBench"
    prompts = "infobench"

    def items(self, path: Path) -> Sequence[Item]:
        return list(jsonl.read(path, Item))

    def requests(
        self, item: Item, answer: str, replies: Replies, prompts: Prompts, dialect: Dialect
    ) -> Sequence[JudgeRequest]:
        def ask(question: str) -> str:
            return prompts.fill("ask", input=item.input, answer=answer, question=question)

        def readable(reply: str) -> bool:
            return dialect != "sound" or read(reply, dialect) is not None

        questions, again = item.decomposed_questions, prompts.fill("again")
        return [
            JudgeRequest(str(number), turns(questions, number, ask, replies, dialect), readable, again)
            for number in _possible(item, replies, dialect)
        ]

    def score(self, item: Item, answer: str | None, replies: Replies, dialect: Dialect) -> Scored:
        found = _verdicts(item, answer, replies, dialect)
        counted = [one.passed for one in found if one.active]
        followed = False if False in counted else None if None in counted or not counted else True
        met = [value for value in map(_value(dialect), counted) if value is not None]
        rate = sum(met) / len(met) if met else None
        every = None if followed is None and dialect == "sound" else float(followed is True)
        labels = {"subset": item.subset, "category": item.category}
        return Scored(Verification(found, followed, followed, rate), {"DRFR": rate, "prompt": every}, labels)

    def tally(self, sample: Sample[Item], dialect: Dialect) -> Tally:
        cells: dict[str, list[float]] = defaultdict(list)
        item, value = sample.item, _value(dialect)
        verdicts = sample.scored.verification.verdicts
        for verdict, labels in zip(verdicts, item.question_label, strict=True):
            if verdict.active and (met := value(verdict.passed)) is not None:
                kinds = (f"label/{label}" for label in labels)
                for cell in ("questions", f"{item.subset}/questions", *kinds):
                    cells[cell].append(met)
        if (every := sample.scored.parts["prompt"]) is not None:
            for cell in ("prompts", f"{item.subset}/prompts"):
                cells[cell].append(every)
        return cells

    def tables(self, rates: Rates, dialect: Dialect) -> Sequence[Table]:
        sets = []
        for name, part in SETS.items():
            figures = [_rate(rates, f"{part}{of}", dialect) for of in ("questions", "prompts")]
            sets.append(rates.row(name, *figures, of=[f"{part}questions"]))
        labels = [rates.row(label, f"label/{label}") for label in rates.under("label/")]
        return [
            Table("set", ("questions met (DRFR)", "prompts met"), tuple(sets)),
            Table("kind of question", ("questions met",), tuple(labels)),
        ]

    def paper(self, rates: Rates, dialect: Dialect) -> Mapping[str, Figure]:
        return {"DRFR": _rate(rates, "questions", dialect)}

    def answers(self, path: Path) -> Iterable[StoredAnswer]:
        """Ours, and the released program's input: the data with an `output` a line."""
        for where, record in lines(path):
            response = record.get("response", record.get("output"))
            yield jsonl.parse(record | {"response": response}, StoredAnswer, where)

    def judgments(self, path: Path) -> Iterable[StoredJudgment]:
        """Ours, and the released program's output: the data with `eval` a line, truth values or nulls."""
        for where, record in lines(path):
            if "eval" not in record:
                yield jsonl.parse(record, StoredJudgment, where)
            for number, met in enumerate(record.get("eval", ()), 1):
                reply = {True: "YES", False: "NO"}.get(met, "")
                yield StoredJudgment(id=record["id"], key=str(number), reply=reply)


def _rate(rates: Rates, cell: str, dialect: Dialect) -> Figure:
    count = rates.count(cell)
    return rates[cell] * count / (count + AUTHORS_SMOOTHING) if dialect == "authors" else rates[cell]


def _value(dialect: Dialect) -> Callable[[bool | None], float | None]:
    """What a verdict adds to a rate; nothing where it is unknown, unless officially."""
    return lambda met: None if met is None and dialect == "sound" else float(met is True)


def _possible(item: Item, replies: Replies, dialect: Dialect) -> Sequence[int]:
    """The questions that can be put now; upstream stops at a reply that can't be read."""
    numbers = range(1, len(item.decomposed_questions) + 1)
    if dialect != "upstream":
        return numbers
    ended = any(read(reply, dialect) is None for reply in replies.values())
    return () if ended else numbers[len(replies) : len(replies) + 1]


def _verdicts(item: Item, answer: str | None, replies: Replies, dialect: Dialect) -> tuple[Verdict, ...]:
    questions = item.decomposed_questions
    if dialect == "sound" and not (answer or "").strip():
        return tuple(Verdict(question, False, False, EMPTY) for question in questions)
    found, stopped = [], dialect == "upstream" and not replies
    for number, question in enumerate(questions, 1):
        reply = replies.get(str(number))
        met = None if reply is None or stopped else read(reply, dialect)
        reason = NOT_JUDGED if reply is None or stopped else f"judge: {reply[:80]!r}"
        found.append(Verdict(question, met, met, reason, not stopped))
        stopped = stopped or (dialect == "upstream" and met is None)
    return tuple(found)


BENCHMARKS.add("infobench", InfoBench())
