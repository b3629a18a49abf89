"""What a judge of ComplexBench is asked, and what its replies say."""

from __future__ import annotations

from collections.abc import Mapping

from raif.config.eval import Dialect
from raif.errors import ConstraintError
from raif.eval.benchmarks.complexbench import rules
from raif.eval.benchmarks.complexbench.items import Item, ScoringQuestion
from raif.judge.requests import JudgeRequest, Replies
from raif.prompts import Prompts
from raif.types import Message

YES, NO = "答案：是", "答案：否"
_LABELS = ("评分对象：", "评测对象：")
_INSTRUCTION, _ANSWER = 6000, 4000
"""Characters of each that the judge sees."""
_SAID: Mapping[str | None, rules.Verdict] = {"true": True, "false": False, "2": rules.UNKNOWN}
"""Stored verdicts, in place of a reply."""


def key(number: int) -> str:
    """Of the request about a question."""
    return f"question:{number}"


def request(
    item: Item, answer: str, number: int, question: ScoringQuestion, prompts: Prompts
) -> JudgeRequest:
    """Without a rule the judge answers the question; with one it copies out what the question is about."""
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
    readable = _says if name == "judge" else _points_out
    return JudgeRequest(key(number), (Message(role="user", content=text),), readable, again)


def verdict(
    question: ScoringQuestion, number: int, answer: str | None, replies: Replies, dialect: Dialect
) -> rules.Verdict | None:
    """On one question; None where it could not be judged."""
    if dialect == "sound" and not (answer or "").strip():
        return False
    reply = replies.get(key(number))
    if reply in _SAID:
        return _SAID[reply]
    sound = dialect == "sound"
    if question.rule is None:
        return _said(reply, sound=sound)
    if reply is None or (sound and not _points_out(reply)):
        return None
    return _ruled(question.rule, answer, reply, sound=sound)


def _said(reply: str | None, *, sound: bool) -> bool | None:
    """The released scripts take a reply without its label for yes where it holds 是 and not 否."""
    if reply is None or (sound and not _says(reply)):
        return None
    if _says(reply):
        return YES in reply
    return "是" in reply and "否" not in reply


def _says(reply: str) -> bool:
    return reply.count(YES) + reply.count(NO) == 1


def _points_out(reply: str) -> bool:
    return any(label in reply for label in _LABELS)


def _ruled(rule: str, answer: str | None, reply: str, *, sound: bool) -> rules.Verdict | None:
    """None also where the rule is one that the released code crashes on."""
    try:
        found = rules.judge(rule, rules.objects(answer, reply))
    except ConstraintError:
        return None
    return None if sound and found == rules.UNKNOWN else found
