"""ComplexBench: instructions composed of several, as And, Chain, Selection and nested.

Paper: Wen et al. 2024, https://arxiv.org/abs/2407.03978. 1,150 items in Chinese, 1 to 14 questions each.

An item, in the layout of the public file:
    {"main_id": 899, "group": "..1285", "instruction": "判断..如果有..", "task_types": "Professional Writing",
     "category": "Selection_2", "composition_types": ["And", "Selection"], "scoring_questions": [
         {"question": "..是否正确判断..？", "rule": null, "constraint_dimensions": ["Factuality"], "dep": []},
         {"question": "..是否在300字以上？", "rule": "model_length:[300,10000]", "dep": [0], ..}]}

Prompt: the instruction as the user's turn, after the system text where one is configured.
Judge: a question without a rule is answered by yes or no; for one with a rule the judge copies out what the
question is about, and code checks that (`complexbench_rules`).
Score: satisfied questions, where one that depends on a failed one fails too (`complexbench_totals`).
The released scripts read any reply and drop items without all verdicts; `sound` leaves out single questions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from raif.config.eval import Dialect
from raif.eval.benchmark import BENCHMARKS, Benchmark, Sample, Scored
from raif.eval.benchmarks.complexbench import rules
from raif.eval.benchmarks.complexbench import totals as sums
from raif.eval.benchmarks.complexbench.items import Item, Judged
from raif.eval.benchmarks.complexbench.judge import key, request, verdict
from raif.eval.rates import Figure, Rates, Table, Tally
from raif.eval.released import parsed, records
from raif.eval.stored import StoredAnswer, StoredJudgment
from raif.files import jsonl
from raif.judge.requests import JudgeRequest, Replies
from raif.prompts import Prompts
from raif.types import Verdict, Verification


class ComplexBench(Benchmark[Item]):
    file = "complexbench/data_release.json"
    source = "https://github.com/thu-coai/ComplexBench/tree/main/data (data_release.json of July 2024)"
    prompts = "complexbench"

    def items(self, path: Path) -> Sequence[Item]:
        return parsed(path, Item)

    def steps(self, item: Item) -> Sequence[str]:
        return [step["instruction"] for step in item.sub_instructions.values()]

    def requests(
        self, item: Item, answer: str, replies: Replies, prompts: Prompts, dialect: Dialect
    ) -> Sequence[JudgeRequest]:
        numbered = enumerate(item.scoring_questions)
        return [request(item, answer, number, question, prompts) for number, question in numbered]

    def score(self, item: Item, answer: str | None, replies: Replies, dialect: Dialect) -> Scored:
        questions = enumerate(item.scoring_questions)
        found = [verdict(question, n, answer, replies, dialect) for n, question in questions]
        judged = Judged(item, found)
        known = [one is True for one in judged.relying if one is not None]
        share = sum(known) / len(known) if known else None
        verdicts = tuple(_shown(n, *each) for n, each in enumerate(zip(found, judged.relying, strict=True)))
        followed = None if None in judged.relying else all(known)
        labels = {"category": item.category, "task": item.task_types}
        parts = {"satisfied": share} | {_part(n): _number(one) for n, one in enumerate(found)}
        return Scored(Verification(verdicts, followed, followed, share), parts, labels)

    def tallies(self, samples: Sequence[Sample[Item]], dialect: Dialect) -> Sequence[Tally]:
        """Officially an item without all its verdicts does not count."""
        judged = [_judged(sample) for sample in samples]
        return sums.tallies([one if dialect == "sound" or one.complete else one.empty for one in judged])

    def tables(self, rates: Rates, dialect: Dialect) -> Sequence[Table]:
        return sums.tables(rates, smoothing=sums.AUTHORS_SMOOTHING if dialect == "authors" else 0.0)

    def paper(self, rates: Rates, dialect: Dialect) -> Mapping[str, Figure]:
        return sums.paper(rates)

    def answers(self, path: Path) -> Iterable[StoredAnswer]:
        """The released layout, `main_id` and `generated` a line, or ours."""
        for line in jsonl.read(path, _Line):
            released = {"id": str(line.main_id), "response": line.generated}
            if line.main_id is None:
                yield line
            elif line.generated is not None:
                yield line.model_copy(update=released)

    def judgments(self, path: Path) -> Iterable[StoredJudgment]:
        """A JSON list with `main_id` and `point_judges` (true, false, 2 a question), or ours."""
        if path.suffix != ".json":
            yield from super().judgments(path)
            return
        for record in records(path, "main_id", "point_judges"):
            for number, said in enumerate(record["point_judges"]):
                yield StoredJudgment(id=record["main_id"], key=key(number), reply=json.dumps(said))


class _Line(StoredAnswer):
    main_id: int | None = None
    generated: str | None = None
    response: str = ""


def _judged(sample: Sample[Item]) -> Judged:
    parts = [sample.scored.parts[_part(n)] for n, _ in enumerate(sample.item.scoring_questions)]
    return Judged(sample.item, [None if one is None else _VERDICTS[one] for one in parts])


_VERDICTS: Mapping[float, rules.Verdict] = {0.0: False, 1.0: True, 2.0: rules.UNKNOWN}


def _number(found: rules.Verdict | None) -> float | None:
    return None if found is None else float(found)


def _part(number: int) -> str:
    """An unknown rule's 2 is kept as it is."""
    return f"question {number}"


def _shown(number: int, found: rules.Verdict | None, relying: rules.Verdict | None) -> Verdict:
    if found is None:
        return Verdict(key(number), None, None, "not judged")
    if found == rules.UNKNOWN:
        return Verdict(key(number), False, False, "unknown rule")
    if relying is not found:
        passed = None if relying is None else False
        return Verdict(key(number), passed, passed, "depends on a question that is not satisfied")
    return Verdict(key(number), bool(found), bool(found), "satisfied" if found else "not satisfied")


BENCHMARKS.add("complexbench", ComplexBench())
