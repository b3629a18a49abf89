"""ComplexBench: instructions composed of several, as And, Chain, Selection and nested.

Paper: Wen et al. 2024, https://arxiv.org/abs/2407.03978. 1,150 items in Chinese, 1 to 14 questions each.

An item, in the layout of the public file:
    {"main_id": 899, "group": "..1285", "instruction": "判断..如果有..", "task_types": "Professional Writing",
     "category": "Selection_2", "composition_types": ["And", "Selection"], "scoring_questions": [
         {"question": "..是否正确判断..？", "rule": null, "constraint_dimensions": ["Factuality"], "dep": []},
         {"question": "..是否在300字以上？", "rule": "model_length:[300,10000]", "dep": [0], ..}]}

Prompt: the instruction as the user's turn, after the config's system text, if there is one.
Judge: a question without a rule is answered by yes or no. For one with a rule the judge copies out what the
question is about, and code checks that (`rules.py`).
Score: the share of satisfied questions (`totals.py`). A question whose dependency failed counts as failed.
Only direct dependencies are considered, by their own verdict and not by what their dependencies made of it,
as officially. The released scripts read any reply and drop items without all verdicts; `sound` drops single
questions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from raif.config.eval import Dialect
from raif.errors import ConstraintError
from raif.eval.benchmark import BENCHMARKS, Benchmark, ScoredItem
from raif.eval.benchmarks.complexbench import rules
from raif.eval.benchmarks.complexbench import totals as sums
from raif.eval.benchmarks.complexbench.totals import Item, Judged, ScoringQuestion
from raif.eval.rates import Estimate, Rates, Table, Tally
from raif.eval.stored import StoredAnswer, StoredJudgment, parsed, records, released, rows
from raif.files import jsonl
from raif.files.benchmark_data import PLACES
from raif.judge.judgment import said
from raif.judge.requests import JudgeRequest, Replies
from raif.prompts import Prompts
from raif.types import Message, Verdict, Verification

YES, NO = "答案：是", "答案：否"
_LABELS = ("评分对象：", "评测对象：")
_COLON = re.compile(r"(评分对象|评测对象)\s*[:：]\s*")
"""A label with any colon."""
_INSTRUCTION, _ANSWER = 6000, 4000
"""Characters of each that the judge sees."""
_STORED: Mapping[str | None, rules.Verdict] = {"true": True, "false": False, "2": rules.UNKNOWN}
"""Stored verdicts, instead of a reply."""
_VERDICTS: Mapping[float, rules.Verdict] = {0.0: False, 1.0: True, 2.0: rules.UNKNOWN}
"""By their numbers in an item's parts."""


class ComplexBench(Benchmark[Item]):
    file = PLACES["complexbench"].path
    program = "thu-coai/ComplexBench 749f457"
    source = "https://github.com/thu-coai/ComplexBench/tree/main/data (data_release.json of July 2024)"
    prompts = "complexbench"

    def items(self, path: Path) -> Sequence[Item]:
        return parsed(path, Item)

    def steps(self, item: Item) -> Sequence[str]:
        return [step["instruction"] for step in item.sub_instructions.values()]

    def group(self, item: Item) -> str:
        return item.branches

    def requests(
        self, item: Item, answer: str, replies: Replies, prompts: Prompts, dialect: Dialect
    ) -> Sequence[JudgeRequest]:
        """Without a rule the judge answers the question; with one it copies out what that is about."""
        found = []
        for number, question in enumerate(item.scoring_questions):
            name = "judge"
            if question.rule is not None:
                name = "extract_each" if "each" in question.rule else "extract"
            text = prompts.fill(
                name,
                instruction=item.instruction[:_INSTRUCTION],
                answer=answer[:_ANSWER] or "None",
                question=question.question,
            )
            again = prompts.fill("judge_again" if name == "judge" else "extract_again")
            if dialect == "sound":
                readable = _understood if name == "judge" else _shows
            else:
                readable = _answers if name == "judge" else _points_out
            messages = (Message(role="user", content=text),)
            found.append(JudgeRequest(key(number), messages, readable, again))
        return found

    def score(self, item: Item, answer: str | None, replies: Replies, dialect: Dialect) -> ScoredItem[Item]:
        questions = enumerate(item.scoring_questions)
        found = [verdict(question, n, answer, replies, dialect) for n, question in questions]
        relying = Judged(item, found).relying
        known = [one is True for one in relying if one is not None]
        share = sum(known) / len(known) if known else None
        verdicts = tuple(_shown(n, *each) for n, each in enumerate(zip(found, relying, strict=True)))
        followed = None if None in relying else all(known)
        labels = {"category": item.category, "task": item.task_types}
        numbers = {_part(n): None if one is None else float(one) for n, one in enumerate(found)}
        verification = Verification(verdicts, followed, followed, share)
        return ScoredItem(item, verification, {"satisfied": share} | numbers, labels)

    def tallies(self, scored: Sequence[ScoredItem[Item]], dialect: Dialect) -> Sequence[Tally]:
        """Officially an item without all its verdicts does not count."""
        judged = []
        for each in scored:
            parts = [each.parts[_part(n)] for n, _ in enumerate(each.item.scoring_questions)]
            judged.append(Judged(each.item, [None if one is None else _VERDICTS[one] for one in parts]))
        return sums.tallies([one for one in judged if dialect == "sound" or one.complete])

    def tables(self, rates: Rates, dialect: Dialect) -> Sequence[Table]:
        return sums.tables(rates, smoothing=sums.AUTHORS_SMOOTHING if dialect == "authors" else 0.0)

    def paper(self, rates: Rates, dialect: Dialect) -> Mapping[str, Estimate]:
        return sums.paper(rates)

    def answers(self, path: Path) -> Iterable[StoredAnswer]:
        """The released layout, `main_id` and `generated` on each line, or ours."""
        for where, row in rows(path):
            line = jsonl.parse(row, _Line, where)
            if line.main_id is not None:
                line = line.model_copy(update={"id": str(line.main_id), "response": line.generated})
            yield line

    def judgments(self, path: Path) -> Iterable[StoredJudgment]:
        """A JSON list with `main_id` and `point_judges` (true, false or 2 for each question), or ours."""
        if path.suffix != ".json":
            yield from super().judgments(path)
            return
        for place, record in enumerate(records(path, "main_id", "point_judges")):
            with released(f"{path}: record {place}"):
                for number, judged in enumerate(record["point_judges"]):
                    yield StoredJudgment(id=record["main_id"], key=key(number), reply=json.dumps(judged))


class _Line(StoredAnswer):
    main_id: int | None = None
    generated: str | None = None
    response: str | None = None


def key(number: int) -> str:
    """The key of the request about a question."""
    return f"question:{number}"


def _part(number: int) -> str:
    """The name of a question's verdict among the item's parts; the 2 of an unknown rule is kept there."""
    return f"question {number}"


def _shown(number: int, found: rules.Verdict | None, relying: rules.Verdict | None) -> Verdict:
    if found is None:
        return Verdict(key(number), None, None, "not judged")
    if found == rules.UNKNOWN:
        return Verdict(key(number), False, False, "unknown rule")
    if relying is not found:
        passed, what = (None, "judged") if relying is None else (False, "satisfied")
        return Verdict(key(number), passed, passed, f"depends on a question that is not {what}")
    return Verdict(key(number), bool(found), bool(found), "satisfied" if found else "not satisfied")


def verdict(
    question: ScoringQuestion, number: int, answer: str | None, replies: Replies, dialect: Dialect
) -> rules.Verdict | None:
    """The verdict on one question; None if it could not be judged."""
    sound = dialect == "sound"
    if sound and not (answer or "").strip():
        return False
    reply = replies.get(key(number))
    if reply in _STORED:
        return _STORED[reply]
    if reply is None:
        return None
    if question.rule is None:
        if sound:
            return _said(reply)
        if _answers(reply):
            return YES in reply
        # Without the label, the released scripts take a reply for yes if it has 是 and no 否.
        return "是" in reply and "否" not in reply
    if sound:
        reply = _COLON.sub(r"\1：", reply)
        if not _points_out(reply):
            return None
    try:
        found = rules.judge(question.rule, rules.objects(answer, reply))
    except ConstraintError:  # the released code crashes on such a rule
        return None
    return None if sound and found == rules.UNKNOWN else found


def _said(reply: str) -> bool | None:
    """The labelled answer, else whatever says yes or no; the label of a question ("是否") is not one."""
    return YES in reply if _answers(reply) and f"{YES}否" not in reply else said(reply)


def _understood(reply: str) -> bool:
    return _said(reply) is not None


def _answers(reply: str) -> bool:
    return reply.count(YES) + reply.count(NO) == 1


def _shows(reply: str) -> bool:
    return _points_out(_COLON.sub(r"\1：", reply))


def _points_out(reply: str) -> bool:
    return any(label in reply for label in _LABELS)


BENCHMARKS.add("complexbench", ComplexBench())
