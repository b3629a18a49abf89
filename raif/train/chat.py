"""Messages -> token ids: the chat template, the request for tags, the opened or empty thinking block.

The prompt ends with an opened `<think>`, which counts as part of the response (recipe section 2). A
template that opens it by itself is noticed, so that it is never opened twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from raif.reasoning import EMPTY_THINKING, FORMAT_REQUEST, OPENED, Style
from raif.types import Expert, Message

Mode = Literal["thinking", "plain", "direct"]
"""thinking: opened thinking block; plain: an empty one; direct: as an untrained model is asked."""


@dataclass(frozen=True)
class Chat:
    """How one model is spoken to."""

    tokenizer: Any
    style: Style
    format_request: str = FORMAT_REQUEST

    def prompt(self, messages: Sequence[Message], mode: Mode) -> list[int]:
        """The prompt's tokens."""
        return self.encode(self._templated(messages, mode) + self.opening(mode))

    def opening(self, mode: Mode) -> str:
        """What the prompt already contains of the response."""
        return {"thinking": OPENED, "plain": EMPTY_THINKING, "direct": ""}[mode]

    def completion(self, expert: Expert) -> list[int]:
        """The tokens of an expert's response after the opened thinking block, end token included."""
        answer = f"<answer>\n{expert.answer}\n</answer>" if self.style == "tagged" else expert.answer
        return [*self.encode(f"{expert.thinking}\n</think>\n{answer}"), self.tokenizer.eos_token_id]

    def text(self, ids: Sequence[int], mode: Mode) -> str:
        """The whole response as text, the opening included, end tokens left out."""
        return self.opening(mode) + str(self.tokenizer.decode(ids, skip_special_tokens=True))

    def encode(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def _templated(self, messages: Sequence[Message], mode: Mode) -> str:
        turns = [m.model_dump() for m in messages]
        if mode != "direct" and self.style == "tagged":
            turns = _with_request(turns, self.format_request)
        text = self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        return str(text).rstrip().removesuffix("<think>") if str(text).rstrip().endswith("<think>") else str(text)


def _with_request(turns: list[dict[str, str]], request: str) -> list[dict[str, str]]:
    """The format request as the system text, after the one that is already there."""
    if turns[0]["role"] != "system":
        return [{"role": "system", "content": request}, *turns]
    return [{"role": "system", "content": f"{turns[0]['content']}\n\n{request}"}, *turns[1:]]
