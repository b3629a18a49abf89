"""InfoBench: instructions decomposed into yes/no questions about the answer.

Paper: Qin et al. 2024, https://arxiv.org/abs/2401.03601. 500 prompts, 248 of them hard, with 2250 questions.

An item, in the layout of the public file:
    {"id": "domain_oriented_task_1", "instruction": "Sort the tide pools by depth.", "input": "Kelp, Anchor",
     "category": "Biology", "subset": "Hard_set",
     "decomposed_questions": ["Are both pools named?", "Are they in the order of their depth?"],
     "question_label": [["Content"], ["Format", "Number"]]}

Prompt: the instruction and its input as the user's turn, after the config's system text, if there is one.
Judge: one request per question, answered by YES or NO. Each question is asked on its own, after the text. The
released programs differ: upstream asks an item's questions in one dialogue, the method's authors repeat the
earlier questions without the answers to them.
Score: the share of all questions that are met (DRFR), and the share of prompts with all questions met. In the
released programs a question fails if the reply can't be read, and upstream drops the item's later questions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from raif.client.chat import Reply
from raif.config.eval import Dialect
from raif.eval.benchmark import BENCHMARKS, Benchmark, ScoredItem
from raif.eval.rates import Estimate, Figure, Rates, Table, Tally
from raif.eval.stored import StoredAnswer, StoredJudgment, released, rows
from raif.files import jsonl
from raif.files.benchmark_data import PLACES
from raif.judge import judgment
from raif.judge.requests import JudgeRequest, Replies
from raif.prompts import Prompts
from raif.types import Message, Verdict, Verification

SETS = {"all": "", "easy": "Easy_set/", "hard": "Hard_set/"}
AUTHORS_SMOOTHING = 1e-4
"""What the method's authors add to the denominators of rates."""
EMPTY, NOT_JUDGED = "empty answer", "not judged"


class Item(BaseModel):
    """`question_label`: the kinds of each question."""

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
    file = PLACES["infobench"].path
    program = "qinyiwei/InfoBench 557fba0"
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
        numbers: Sequence[int] = range(1, len(questions) + 1)
        if dialect == "upstream":  # which stops at a reply that can't be read
            ended = any(read(reply, dialect) is None for reply in replies.values())
            numbers = () if ended else numbers[len(replies) : len(replies) + 1]
        return [
            JudgeRequest(str(number), turns(questions, number, ask, replies, dialect), readable, again)
            for number in numbers
        ]

    def score(self, item: Item, answer: str | None, replies: Replies, dialect: Dialect) -> ScoredItem[Item]:
        found = _verdicts(item, answer, replies, dialect)
        counted = [one.passed for one in found if one.active]
        followed = False if False in counted else None if None in counted or not counted else True
        met = [value for value in map(_value(dialect), counted) if value is not None]
        rate = sum(met) / len(met) if met else None
        # Left out even if one question has failed: otherwise failures would be left out less often.
        every = None if None in counted and dialect == "sound" else float(followed is True)
        labels = {"subset": item.subset, "category": item.category}
        verification = Verification(found, followed, followed, rate)
        return ScoredItem(item, verification, {"DRFR": rate, "prompt": every}, labels)

    def tally(self, scored: ScoredItem[Item], dialect: Dialect) -> Tally:
        cells: dict[str, list[float]] = defaultdict(list)
        item, value = scored.item, _value(dialect)
        for verdict, labels in zip(scored.verification.verdicts, item.question_label, strict=True):
            if verdict.active and (met := value(verdict.passed)) is not None:
                kinds = (f"label/{label}" for label in labels)
                for cell in ("questions", f"{item.subset}/questions", *kinds):
                    cells[cell].append(met)
        if (every := scored.parts["prompt"]) is not None:
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

    def paper(self, rates: Rates, dialect: Dialect) -> Mapping[str, Estimate]:
        return {"DRFR": rates.estimate(_rate(rates, "questions", dialect), ["questions"])}

    def answers(self, path: Path) -> Iterable[StoredAnswer]:
        """Ours, or the released program's input: the data with `output` on each line."""
        for where, record in rows(path):
            output = {"response": record["output"]} if "output" in record else {}
            yield jsonl.parse(output | record, StoredAnswer, where)

    def judgments(self, path: Path) -> Iterable[StoredJudgment]:
        """Ours, or the released program's output: the data with `eval`, true, false or null, on each line."""
        for where, record in jsonl.objects(path):
            if "eval" not in record:
                yield jsonl.parse(record, StoredJudgment, where)
            with released(where):
                for number, met in enumerate(record.get("eval", ()), 1):
                    reply = {True: "YES", False: "NO"}.get(met, "")
                    yield StoredJudgment(id=record["id"], key=str(number), reply=reply)


def _rate(rates: Rates, cell: str, dialect: Dialect) -> str | Figure:
    """The cell itself, unless its rate is smoothed."""
    count = rates.count(cell)
    return rates[cell] * count / (count + AUTHORS_SMOOTHING) if dialect == "authors" else cell


def _value(dialect: Dialect) -> Callable[[bool | None], float | None]:
    """What a verdict adds to a rate. An unknown one adds nothing in `sound`, and fails officially."""
    return lambda met: None if met is None and dialect == "sound" else float(met is True)


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


def turns(
    questions: Sequence[str],
    number: int,
    ask: Callable[[str], str],
    replies: Replies,
    dialect: Dialect,
) -> tuple[Message, ...]:
    """The request for a question; the first is number 1. `ask` makes the judge's prompt of a question.

    upstream shows the replies before it.
    """
    if dialect == "sound":
        return (Message(role="user", content=ask(questions[number - 1])),)
    asked = [ask(questions[0]), *questions[1:number]]
    messages = []
    for position, text in enumerate(asked, 1):
        messages.append(Message(role="user", content=text))
        if dialect == "upstream" and position < number:
            messages.append(Message(role="assistant", content=replies[str(position)]))
    return tuple(messages)


def read(reply: str, dialect: Dialect) -> bool | None:
    """What the reply says; None if that is unclear.

    upstream: yes or no at the start in any case, "Nothing" included, else in capitals anywhere, but not both.
    authors: the letters anywhere, so that "I can't know" is a no.
    """
    if dialect == "sound":
        return judgment.read(Reply(reply, None, False)).passed
    lower = reply.lower()
    if dialect == "authors":
        return True if "yes" in lower else False if "no" in lower else None
    if lower.startswith(("yes", "no")):
        return lower.startswith("yes")
    said = {word for word in ("YES", "NO") if word in reply}
    return said == {"YES"} if len(said) == 1 else None


BENCHMARKS.add("infobench", InfoBench())
