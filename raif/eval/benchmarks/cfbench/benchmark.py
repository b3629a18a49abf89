"""CFBench: Chinese instructions as people give them, with checklists of constraints by priority.

Paper: Zhang et al. 2024, https://arxiv.org/abs/2408.01122. 1000 items with 4237 criteria; those from business
(source "tob") are the hard half.

An item, in the layout of the public file, a JSON list:
    {"idx": 0, "prompt": "写三句话介绍潮池，语气活泼。", "gold": "", "split": "easy", "doamin": "自然",
     "criteria": [["回答为三句话", "主需", "数值约束", "句子数值约束"], ["语气活泼", "次需", "风格约束", ""]]}

Prompt: the item's prompt as the user's turn, after the system text where one is configured.
Judge: one request an item, with a reference where there is one; 1 or 0 for each criterion (`cfbench_parse`).
Score: CSR, ISR and PSR of each item (`cfbench_scores`) and their means. The headline is the mean of the three
over all items; the released dialects round the three to two decimals, and cut off the headline's in percent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from raif.config.eval import Dialect
from raif.eval.benchmark import BENCHMARKS, Benchmark, Sample, Scored, judge_messages
from raif.eval.benchmarks.cfbench.parse import Judgment, read, strict
from raif.eval.benchmarks.cfbench.scores import scores
from raif.eval.rates import Figure, Rates, Row, Table, Tally, average
from raif.eval.released import parsed, records
from raif.eval.stored import StoredAnswer, StoredJudgment
from raif.judge.requests import JudgeRequest, Replies
from raif.prompts import Prompts
from raif.types import Message, Verdict, Verification

JUDGE = "judge"
METRICS = ("CSR", "ISR", "PSR")
SETS = ("full", "easy", "hard")


class Item(BaseModel):
    """`criteria`: text, priority, kind of constraint, finer kind."""

    model_config = ConfigDict(frozen=True)
    idx: int
    prompt: str
    gold: str = ""
    domain: str = Field(default="", alias="doamin")
    split: Literal["easy", "hard"]
    criteria: tuple[tuple[str, str, str, str], ...]

    @property
    def id(self) -> str:
        return str(self.idx)

    @property
    def texts(self) -> list[str]:
        return [criterion[0] for criterion in self.criteria]

    @property
    def messages(self) -> tuple[Message, ...]:
        return (Message(role="user", content=self.prompt),)


class CFBench(Benchmark[Item]):
    file = "cfbench/cfbench_data.json"
    source = "https://github.com/PKU-Baichuan-MLSystemLab/CFBench"
    prompts = "cfbench"

    def items(self, path: Path) -> Sequence[Item]:
        return parsed(path, Item)

    def requests(
        self, item: Item, answer: str, replies: Replies, prompts: Prompts, dialect: Dialect
    ) -> Sequence[JudgeRequest]:
        def readable(reply: str) -> bool:
            if dialect == "upstream":
                return strict(reply, item.texts) is not None
            return read(reply, item.texts, dialect) is not None

        checklist = "\n\n".join(item.texts)
        text = prompts.fill(
            "ask", instruction=item.prompt, reference=item.gold, answer=answer, checklist=checklist
        )
        again = prompts.fill("again") if dialect == "sound" else ""
        return [JudgeRequest(JUDGE, judge_messages(text, dialect), readable, again)]

    def score(self, item: Item, answer: str | None, replies: Replies, dialect: Dialect) -> Scored:
        labels = {"split": item.split, "domain": item.domain}
        found = _judgment(item, answer, replies.get(JUDGE), dialect)
        verdicts = _verdicts(item, found)
        if found is None:
            parts = dict.fromkeys(("mean", *METRICS))
            return Scored(Verification(verdicts, None, None, None), parts, labels)
        score = scores(found, [criterion[1] for criterion in item.criteria])
        three = (score.csr, score.isr, score.psr)
        followed = score.isr == 1
        parts = {"mean": sum(three) / 3, **dict(zip(METRICS, three, strict=True))}
        return Scored(Verification(verdicts, followed, followed, score.csr), parts, labels)

    def tally(self, sample: Sample[Item], dialect: Dialect) -> Tally:
        cells: dict[str, list[float]] = defaultdict(list)
        for metric in METRICS:
            if (value := sample.scored.parts[metric]) is not None:
                cells[f"full/{metric}"] = cells[f"{sample.item.split}/{metric}"] = [value]
        verdicts = sample.scored.verification.verdicts
        for verdict, (_, priority, kind, _) in zip(verdicts, sample.item.criteria, strict=True):
            if verdict.passed is not None:
                cells[f"priority/{priority}"].append(float(verdict.passed))
                cells[f"kind/{kind or '-'}"].append(float(verdict.passed))
        return cells

    def tables(self, rates: Rates, dialect: Dialect) -> Sequence[Table]:
        sets = Table("set", ("mean", *METRICS), tuple(_row(rates, name, dialect) for name in SETS))
        by = {"priority": rates.under("priority/"), "kind": rates.under("kind/")}
        parts = [
            Table(f"{what} of criterion", ("met",), tuple(rates.row(n, f"{what}/{n}") for n in names))
            for what, names in by.items()
        ]
        return [sets, *parts]

    def paper(self, rates: Rates, dialect: Dialect) -> Mapping[str, Figure]:
        return {"mean of CSR, ISR, PSR": _mean(_three(rates, "full", dialect), dialect)}

    def answers(self, path: Path) -> Iterable[StoredAnswer]:
        """Ours, and the released program's JSON list of records with `response`."""
        if path.suffix != ".json":
            return super().answers(path)
        found = records(path, "idx", "response")
        return [StoredAnswer(id=str(one["idx"]), response=one["response"]) for one in found]

    def judgments(self, path: Path) -> Iterable[StoredJudgment]:
        """Ours, and the released program's JSON list of records with `judge_response`."""
        if path.suffix != ".json":
            return super().judgments(path)
        found = records(path, "idx", "judge_response")
        return [StoredJudgment(id=str(r["idx"]), key=JUDGE, reply=r["judge_response"]) for r in found]


def _judgment(item: Item, answer: str | None, reply: str | None, dialect: Dialect) -> Judgment | None:
    if dialect == "sound" and not (answer or "").strip():
        return Judgment(("0",) * len(item.criteria))
    return None if reply is None else read(reply, item.texts, dialect)


def _verdicts(item: Item, found: Judgment | None) -> tuple[Verdict, ...]:
    """None each where the scores are not those of single criteria."""
    if found is None or found.parsed < 1:
        reason = "not judged" if found is None else "only the ones of an unreadable judgment were kept"
        return tuple(Verdict(text, None, None, reason) for text in item.texts)
    pairs = zip(item.texts, found.scores, strict=True)
    return tuple(Verdict(text, met := float(score) == 1, met, f"judge: {score}") for text, score in pairs)


def _three(rates: Rates, name: str, dialect: Dialect) -> list[Figure]:
    figures = [rates[f"{name}/{metric}"] for metric in METRICS]
    return figures if dialect == "sound" else [np.round(figure, 2) for figure in figures]


def _mean(three: Sequence[Figure], dialect: Dialect) -> Figure:
    """Cut off, not rounded, as the paper's own figures are: 27.99 stands for 28."""
    return average(three) if dialect == "sound" else np.trunc(100 * (100 * sum(three) / 3)) / 10_000


def _row(rates: Rates, name: str, dialect: Dialect) -> Row:
    three = _three(rates, name, dialect)
    return rates.row(name, _mean(three, dialect), *three, of=[f"{name}/CSR"])


BENCHMARKS.add("cfbench", CFBench())
