"""CFBench: real users' instructions in Chinese, with checklists of constraints by priority.

Paper: Zhang et al. 2024, https://arxiv.org/abs/2408.01122. 1000 items with 4237 criteria. The half that comes
from businesses (source "tob") is the hard one.

An item, in the layout of the public file, a JSON list:
    {"idx": 0, "prompt": "写三句话介绍潮池，语气活泼。", "gold": "", "split": "easy", "doamin": "自然",
     "criteria": [["回答为三句话", "主需", "数值约束", "句子数值约束"], ["语气活泼", "次需", "风格约束", ""]]}

Prompt: the item's prompt as the user's turn, after the config's system text, if there is one.
Judge: one request per item, with the right answer if there is one. The reply is asked to repeat the criteria
in order, each followed by a tab and 1 or 0, with blank lines in between. The released programs each read
other replies in their own way.
Score: CSR, ISR and PSR of each item, and their means. The headline is the mean of the three over all items.
The released dialects round the three to two decimals, and cut off the headline's percentage after two.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from raif.config.eval import Dialect
from raif.eval.benchmark import BENCHMARKS, Benchmark, ScoredItem, judge_messages
from raif.eval.rates import Estimate, Figure, Rates, Row, Table, Tally, average
from raif.eval.stored import StoredAnswer, StoredJudgment, parsed, records
from raif.files.benchmark_data import PLACES
from raif.judge.requests import JudgeRequest, Replies
from raif.prompts import Prompts
from raif.text.rouge import rouge_l
from raif.types import Message, Verdict, Verification

JUDGE = "judge"
METRICS = ("CSR", "ISR", "PSR")
SETS = ("full", "easy", "hard")
PRIMARY = "主需"
ENOUGH = 0.8
"""Above it an answer meets all that matters most, and enough of the rest."""
ALIKE = 0.5
"""ROUGE-L F above which the method's authors take two texts for the same."""
_SCORE = re.compile(r"[\t ]([01])(?:\.0)?$")
_NUMBERING = re.compile(r"^\W*\d{1,2}[.、)）]\s*")


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
    file = PLACES["cfbench"].path
    program = "PKU-Baichuan-MLSystemLab/CFBench 0bcbf9b"
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

    def score(self, item: Item, answer: str | None, replies: Replies, dialect: Dialect) -> ScoredItem[Item]:
        labels = {"split": item.split, "domain": item.domain}
        reply = replies.get(JUDGE)
        if dialect == "sound" and not (answer or "").strip():
            found: Marks | None = Marks(("0",) * len(item.criteria))
        else:
            found = None if reply is None else read(reply, item.texts, dialect)
        verdicts = _verdicts(item, found)
        if found is None:
            parts = dict.fromkeys(("mean", *METRICS))
            return ScoredItem(item, Verification(verdicts, None, None, None), parts, labels)
        three = csr, isr, _ = metrics(found, [criterion[1] for criterion in item.criteria])
        parts = {"mean": sum(three) / 3, **dict(zip(METRICS, three, strict=True))}
        return ScoredItem(item, Verification(verdicts, isr == 1, isr == 1, csr), parts, labels)

    def tally(self, scored: ScoredItem[Item], dialect: Dialect) -> Tally:
        cells: dict[str, list[float]] = defaultdict(list)
        for metric in METRICS:
            if (value := scored.parts[metric]) is not None:
                cells[f"full/{metric}"] = cells[f"{scored.item.split}/{metric}"] = [value]
        verdicts = scored.verification.verdicts
        for verdict, (_, priority, kind, _) in zip(verdicts, scored.item.criteria, strict=True):
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

    def paper(self, rates: Rates, dialect: Dialect) -> Mapping[str, Estimate]:
        mean = _mean(_three(rates, "full", dialect), dialect)
        return {"mean of CSR, ISR, PSR": rates.estimate(mean, ["full/CSR"])}

    def answers(self, path: Path) -> Iterable[StoredAnswer]:
        """Ours, or the released program's JSON list of records with `response`."""
        if path.suffix != ".json":
            return super().answers(path)
        found = records(path, "idx", "response")
        return [StoredAnswer(id=str(one["idx"]), response=one["response"]) for one in found]

    def judgments(self, path: Path) -> Iterable[StoredJudgment]:
        """Ours, or the released program's JSON list of records with `judge_response`."""
        if path.suffix != ".json":
            return super().judgments(path)
        found = records(path, "idx", "judge_response")
        return [StoredJudgment(id=str(r["idx"]), key=JUDGE, reply=r["judge_response"]) for r in found]


def _verdicts(item: Item, found: Marks | None) -> tuple[Verdict, ...]:
    """All None if the marks can't be assigned to single criteria."""
    if found is None or found.parsed < 1:
        reason = "not judged" if found is None else "only the ones of an unreadable judgment were kept"
        return tuple(Verdict(text, None, None, reason) for text in item.texts)
    pairs = zip(item.texts, found.scores, strict=True)
    return tuple(Verdict(text, met := float(score) == 1, met, f"judge: {score}") for text, score in pairs)


def _three(rates: Rates, name: str, dialect: Dialect) -> list[Figure]:
    figures = [rates[f"{name}/{metric}"] for metric in METRICS]
    return figures if dialect == "sound" else [np.round(figure, 2) for figure in figures]


def _mean(three: Sequence[Figure], dialect: Dialect) -> Figure:
    """Cut off instead of rounded, like the paper's own figures: 27.99 stands for 28."""
    return average(three) if dialect == "sound" else np.trunc(100 * (100 * sum(three) / 3)) / 10_000


def _row(rates: Rates, name: str, dialect: Dialect) -> Row:
    three = _three(rates, name, dialect)
    shown = [f"{name}/{metric}" for metric in METRICS] if dialect == "sound" else three
    return rates.row(name, _mean(three, dialect), *shown, of=[f"{name}/CSR"])


@dataclass(frozen=True, slots=True)
class Marks:
    """What a reply says. `scores` are as written, one per criterion if `parsed` is 1.

    0 and -1 come from the released fallback.
    """

    scores: tuple[str, ...]
    parsed: int = 1


def read(reply: str, criteria: Sequence[str], dialect: Dialect) -> Marks | None:
    """The marks in a reply; None if it can't be read (upstream: if its program crashes)."""
    if dialect == "sound":
        return _sound(reply, criteria)
    scores = (strict if dialect == "upstream" else _aligned)(reply, criteria)
    return Marks(tuple(scores)) if scores is not None else _fallback(reply, crashes=dialect == "upstream")


def _sound(reply: str, criteria: Sequence[str]) -> Marks | None:
    """Each criterion is found by its letters and digits, wherever it is, and must have one score."""
    found: dict[str, set[str]] = {}
    own = {_letters(line) for text in criteria for line in text.split("\n") if _SCORE.search(line.rstrip())}
    for text, score in _entries(reply, own):
        found.setdefault(_letters(text), set()).add(score)
    scores = [found.get(_letters(criterion), set()) for criterion in criteria]
    if any(len(each) != 1 for each in scores):
        return None
    return Marks(tuple(score for each in scores for score in each))


def _entries(reply: str, own: Set[str]) -> Iterator[tuple[str, str]]:
    """A text of one or more lines, none of them blank, and the score at its end.

    `own`: lines of the criteria that end like that themselves, such as "example 1", by their letters.
    """
    text = ""
    for line in map(str.rstrip, reply.split("\n")):
        score = _SCORE.search(line)
        if score and score[0][0] == " " and _letters(line) in own:
            score = None
        if score:
            yield text + line[: score.start()], score[1]
        text = "" if score or not line else text + line


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", _NUMBERING.sub("", text.strip())).lower()


def strict(reply: str, criteria: Sequence[str]) -> list[str] | None:
    """The upstream program's: exactly the form that was asked for, else None."""
    pieces = [piece.split("\t") for piece in reply.split("\n\n")]
    if len(pieces) != len(criteria) or any(len(piece) != 2 for piece in pieces):
        return None
    scores = [score.strip() for _, score in pieces]
    same = [text for text, _ in pieces] == list(criteria)
    return scores if same and all(map(_is_score, scores)) else None


def _fallback(reply: str, *, crashes: bool) -> Marks | None:
    """Only the ones of lines with one tab. Zeros are lost, so that a single 1 is a perfect score."""
    lines = [line.split("\t") for line in reply.split("\n")]
    scores = [line[1].strip() for line in lines if len(line) == 2]
    if crashes and not all(map(_is_number, scores)):
        return None
    ones = tuple(score for score in scores if _is_score(score) and float(score))
    return Marks(ones, 0) if ones else Marks(("0",), -1)


def _aligned(reply: str, criteria: Sequence[str]) -> list[str] | None:
    """The method's authors': pieces and criteria in pairs, 0 if the two are not alike."""
    if reply == "Error":
        return None
    criteria = [criterion.strip() for criterion in criteria]
    pieces = [piece.strip() for piece in reply.split("\n\n" if "\n\n" in reply else "\n")]
    pairs = [_pair(piece) for piece in pieces if piece]
    if len(pairs) != len(criteria):
        # Officially each piece that is found passes on the score of the last one, not its own.
        one = bool(pairs) and pairs[-1][1] == "1"
        return ["1" if one and any(_same(t, each) for t, _ in pairs) else "0" for each in criteria]
    return [
        score if _same(text, criterion) and _is_score(score) else "0"
        for (text, score), criterion in zip(pairs, criteria, strict=True)
    ]


def _pair(piece: str) -> tuple[str, str]:
    parts = [part.strip() for part in piece.split("\t" if "\t" in piece else " ") if part.strip()]
    return (parts[0], parts[1]) if len(parts) == 2 else (parts[0], "0")


def _same(text: str, criterion: str) -> bool:
    return text in criterion or rouge_l(text, criterion) > ALIKE


def _is_number(score: str) -> bool:
    try:
        float(score)
    except ValueError:
        return False
    return True


def _is_score(score: str) -> bool:
    return _is_number(score) and float(score) in (0, 1)


def metrics(marks: Marks, priorities: Sequence[str]) -> tuple[float, float, float]:
    """One item's CSR (share of criteria met, to two decimals as officially), ISR (whether all are) and PSR.

    PSR: whether all primary criteria are met, and more than 0.6 of the secondary ones. Without primary
    criteria, CSR counts.
    """
    met = [float(score) for score in marks.scores]
    csr = _two_decimals(met)
    pairs = list(zip(met, priorities, strict=marks.parsed == 1))
    primary = [score for score, priority in pairs if priority == PRIMARY]
    secondary = [score for score, priority in pairs if priority != PRIMARY]
    if marks.parsed < 1 or not primary:
        enough = marks.parsed >= 0 and csr > ENOUGH
    else:
        enough = all(primary) and (not secondary or 0.5 + 0.5 * _two_decimals(secondary) > ENOUGH)
    return csr, float(csr >= 1), float(enough)


def _two_decimals(values: Sequence[float]) -> float:
    """The mean as NumPy rounds it: 100 times the value to the nearest even integer."""
    return float(np.round(np.mean(values), 2))


BENCHMARKS.add("cfbench", CFBench())
