"""Answers of a model, taken apart into thinking and answer."""

from __future__ import annotations

import asyncio

from raif.client.chat import ChatClient, Reply
from raif.reasoning import FORMAT_REQUEST, Style, split
from raif.types import Expert, Instruction, Message


async def answers(
    chat: ChatClient, record: Instruction, count: int, think: Style, seed: int
) -> list[Expert | str]:
    """`count` answers, sampled with the seeds from `seed` on; in place of one that can't be used, why."""
    messages = record.messages
    if think == "tagged":
        messages = (Message(role="system", content=FORMAT_REQUEST), *messages)
    replies = await asyncio.gather(*(chat.reply(messages, seed=seed + n) for n in range(count)))
    return [taken_apart(reply, think) for reply in replies]


def taken_apart(reply: Reply, think: Style) -> Expert | str:
    """A reply as thinking and answer, or why it has no answer."""
    if reply.truncated:
        return "cut off"
    found = split(reply.text, "none" if reply.reasoning is not None and think == "deepseek" else think)
    thinking = found.thinking or reply.reasoning or ""
    answer = (found.answer or "").strip()
    return Expert(thinking=thinking.strip(), answer=answer) if answer else "empty"
