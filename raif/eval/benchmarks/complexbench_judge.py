"""ComplexBench's requests to a judge: a yes/no question on an answer, or which part a rule is about."""

from __future__ import annotations

from raif.config.eval import Dialect
from raif.eval.prompts import Prompts
from raif.eval.turns import asked
from raif.types import Message

INSTRUCTION_LIMIT, ANSWER_LIMIT = 6000, 4000
"""Characters that the judge gets to see."""
YES, NO = "答案：是", "答案：否"


def prompt_of(rule: str | None) -> str:
    """The prompt of a question: without a rule it is judged, else what the rule is about is extracted."""
    if rule is None:
        return "judge"
    return "extract_each" if "each" in rule else "extract"


def request(
    instruction: str, answer: str | None, question: str, rule: str | None, prompts: Prompts, dialect: Dialect
) -> tuple[Message, ...]:
    """A missing answer is shown as None."""
    text = prompts.fill(
        prompt_of(rule),
        instruction=instruction[:INSTRUCTION_LIMIT],
        answer="None" if answer is None else answer[:ANSWER_LIMIT],
        question=question,
    )
    return asked(text, dialect)


def read(reply: str, dialect: Dialect) -> bool | None:
    """The answer to a yes/no question, None where there is none; then the released programs look for 是."""
    if reply.count(YES) + reply.count(NO) == 1:
        return YES in reply
    return None if dialect == "sound" else "是" in reply and "否" not in reply
