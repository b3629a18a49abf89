"""Rubrics: any benchmark that is a list of prompts with yes/no criteria for the answers.

An item, in our own layout:
    {"id": "7", "prompt": "Sort the tide pools by depth, for children.",
     "criteria": ["Are the pools in the order of their depth?",
                  {"text": "Does it use words that a child won't know?", "wanted": "no", "kind": "style"}],
     "labels": {"topic": "nature"}}

`messages` can stand for `prompt`. `wanted` is what the judge is to say, yes if it's left out; `kind` and
`labels` are for tables. AdvancedIF (arXiv 2511.10507), MultiChallenge (arXiv 2501.17399) and
ComplexConstraints (arXiv 2606.09118) are read in their own layouts (`layouts.py`).

Prompt: the item's messages, after the config's system text unless they bring their own.
Judge: one request for each criterion, with the conversation, answered by YES or NO. Judges asked about
several criteria at once miss violations.
Score: the share of items with all criteria met, and the share of all criteria. For each label, also the mean
of its values' rates, which is MultiChallenge's score over its axes. The released programs have judges'
prompts of their own; ours are used in all dialects.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from raif.client.chat import Reply
from raif.config.eval import Dialect
from raif.eval.benchmark import BENCHMARKS, Benchmark, ScoredItem, all_met
from raif.eval.benchmarks.rubrics.layouts import Item, items
from raif.eval.rates import Estimate, Rates, Row, Table, Tally, average
from raif.eval.stored import StoredAnswer, rows
from raif.files import jsonl
from raif.files.benchmark_data import PLACES
from raif.judge import judgment
from raif.judge.requests import JudgeRequest, Replies
from raif.prompts import Prompts
from raif.types import Message, Verdict, Verification
from raif.verdicts.checks import EMPTY, all_pass
from raif.verdicts.questions import transcript

COLUMNS = ("all criteria met", "criteria met")
NOT_JUDGED = "not judged"
NAMED = "\x1f"
"""What separates a label's name, which can hold any printed character, from its value."""


class Rubrics(Benchmark[Item]):
    file = PLACES["rubrics"].path
    source = (
        "your own file of prompts with criteria, or AdvancedIF's, MultiChallenge's or ComplexConstraints'"
    )
    prompts = "rubrics"

    def items(self, path: Path) -> Sequence[Item]:
        return items(path)

    def requests(
        self, item: Item, answer: str, replies: Replies, prompts: Prompts, dialect: Dialect
    ) -> Sequence[JudgeRequest]:
        conversation, again = transcript(item.messages), prompts.fill("again")
        return [
            JudgeRequest(
                str(number),
                (
                    Message(
                        role="user",
                        content=prompts.fill(
                            "ask", conversation=conversation, answer=answer, criterion=criterion.text
                        ),
                    ),
                ),
                lambda reply: _said(reply) is not None,
                again,
            )
            for number, criterion in enumerate(item.criteria, 1)
        ]

    def score(self, item: Item, answer: str | None, replies: Replies, dialect: Dialect) -> ScoredItem[Item]:
        found = tuple(_verdicts(item, answer, replies))
        met = [verdict.passed for verdict in found]
        judged = [float(one) for one in met if one is not None]
        rate = sum(judged) / len(judged) if judged else None
        followed = all_pass(met)
        parts = {COLUMNS[0]: all_met(met), COLUMNS[1]: rate}
        return ScoredItem(item, Verification(found, followed, followed, rate), parts, item.labels)

    def tally(self, scored: ScoredItem[Item], dialect: Dialect) -> Tally:
        cells: dict[str, list[float]] = defaultdict(list)
        item, every = scored.item, scored.parts[COLUMNS[0]]
        places = ["all", *(f"label/{name}{NAMED}{value}" for name, value in item.labels.items())]
        for place in places:
            if every is not None:
                cells[f"{place}/{COLUMNS[0]}"].append(every)
        for criterion, verdict in zip(item.criteria, scored.verification.verdicts, strict=True):
            if verdict.passed is not None:
                for cell in [f"{place}/{COLUMNS[1]}" for place in places]:
                    cells[cell].append(float(verdict.passed))
                if criterion.kind:
                    cells[f"kind/{criterion.kind}"].append(float(verdict.passed))
        return cells

    def tables(self, rates: Rates, dialect: Dialect) -> Sequence[Table]:
        found = [Table("items", COLUMNS, (_row(rates, "all", "all"),))]
        for name, values in _labels(rates).items():
            places = [f"label/{name}{NAMED}{value}" for value in values]
            rows = [_row(rates, value, place) for value, place in zip(values, places, strict=True)]
            means = [average(rates[f"{place}/{column}"] for place in places) for column in COLUMNS]
            mean = rates.row("mean of these", *means, of=[f"{place}/{COLUMNS[1]}" for place in places])
            found.append(Table(name, COLUMNS, (*rows, mean)))
        if kinds := rates.under("kind/"):
            rows = [rates.row(kind, f"kind/{kind}") for kind in kinds]
            found.append(Table("kind of criterion", COLUMNS[1:], tuple(rows)))
        return found

    def paper(self, rates: Rates, dialect: Dialect) -> Mapping[str, Estimate]:
        return {column: rates.estimate(f"all/{column}") for column in COLUMNS}

    def answers(self, path: Path) -> Iterable[StoredAnswer]:
        """Ours, or MultiChallenge's files of answers, whose first attempt counts."""
        for where, record in rows(path):
            if "QUESTION_ID" in record and "RESPONSE" in record:
                attempts = record["RESPONSE"]
                first = attempts[0] if isinstance(attempts, list) and attempts else attempts
                record = {"id": record["QUESTION_ID"], "response": first}
            yield jsonl.parse(record, StoredAnswer, where)


def _verdicts(item: Item, answer: str | None, replies: Replies) -> Iterator[Verdict]:
    for number, criterion in enumerate(item.criteria, 1):
        if not (answer or "").strip():
            yield Verdict(criterion.text, False, False, EMPTY)
            continue
        reply = replies.get(str(number))
        said = None if reply is None else _said(reply)
        met = None if said is None else said == criterion.wanted
        yield Verdict(criterion.text, met, met, NOT_JUDGED if reply is None else f"judge: {reply[:80]!r}")


def _said(reply: str) -> bool | None:
    return judgment.read(Reply(reply, None, False)).passed


def _row(rates: Rates, name: str, place: str) -> Row:
    return rates.row(name, *(f"{place}/{column}" for column in COLUMNS), of=[f"{place}/{COLUMNS[1]}"])


def _labels(rates: Rates) -> dict[str, list[str]]:
    """The values of each label, in the order of their names."""
    found: dict[str, list[str]] = {}
    for cell in rates.under("label/"):
        name, _, rest = cell.partition(NAMED)
        value = rest.rpartition("/")[0]
        if value not in found.setdefault(name, []):
            found[name].append(value)
    return found


BENCHMARKS.add("rubrics", Rubrics())
