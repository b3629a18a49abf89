"""What the openai client gets from a server, for the tests of each back-end."""

from __future__ import annotations

from typing import Any

from openai import OpenAI

from raif.serve import Server
from tests.serve.thinker import ASKED


def client(server: Server, key: str = "none") -> OpenAI:
    return OpenAI(base_url=server.base_url, api_key=key, max_retries=0)


def request(server: Server, **more: Any) -> dict[str, Any]:
    turns = [{"role": "user", "content": ASKED}]
    return {"model": server.model, "messages": turns, "max_tokens": 150, "temperature": 0, **more}


def answered(server: Server, key: str) -> tuple[str | None, str | None]:
    """Reasoning and answer of a whole completion."""
    message = client(server, key).chat.completions.create(**request(server)).choices[0].message
    return getattr(message, "reasoning_content", None), message.content


def streamed(server: Server, key: str) -> tuple[str, str, int]:
    """Reasoning and answer of a streamed completion, and how many chunks had a part of them."""
    thinking, answer, chunks = "", "", 0
    for chunk in client(server, key).chat.completions.create(**request(server, stream=True)):
        delta = chunk.choices[0].delta
        new = getattr(delta, "reasoning_content", None) or "", delta.content or ""
        thinking, answer, chunks = thinking + new[0], answer + new[1], chunks + any(new)
    return thinking, answer, chunks
