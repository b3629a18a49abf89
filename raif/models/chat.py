"""Messages -> token ids: the chat template, the request for tags, the opened or empty thinking block.

The prompt ends with an opened `<think>`, which counts as part of the response (recipe section 2). If the
model's template opens it already, it is not opened twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from raif.reasoning import EMPTY_THINKING, FORMAT_REQUEST, OPENED, Style
from raif.types import Expert, Message

Mode = Literal["thinking", "plain", "direct"]
"""thinking: the thinking block is opened; plain: it is empty; direct: left to the model's template."""


@dataclass(frozen=True)
class Chat:
    """How prompts are written for one model, and its responses read."""

    tokenizer: Any
    style: Style
    format_request: str = FORMAT_REQUEST

    def prompt(self, messages: Sequence[Message], mode: Mode) -> list[int]:
        """The prompt's tokens."""
        return self.encode(self._templated(messages, mode))

    def opening(self, mode: Mode) -> str:
        """The part of the response that the prompt already contains."""
        if mode == "direct":
            return OPENED if self._opens_thinking else ""
        return OPENED if mode == "thinking" else EMPTY_THINKING

    def completion(self, expert: Expert) -> list[int]:
        """The tokens of an expert's response after the opened thinking block, with the end token."""
        answer = f"<answer>\n{expert.answer}\n</answer>" if self.style == "tagged" else expert.answer
        return [*self.encode(f"{expert.thinking}\n</think>\n{answer}"), self.tokenizer.eos_token_id]

    def text(self, ids: Sequence[int], mode: Mode) -> str:
        """The whole response as text, with the opening and without end tokens."""
        return self.opening(mode) + str(self.tokenizer.decode(ids, skip_special_tokens=True))

    def encode(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def served_template(self) -> str:
        """The template to save with a trained model: it asks for the format and opens the thinking block."""
        template = str(self.tokenizer.chat_template)
        if self._opens_thinking:
            return template
        request = (
            _REQUEST.replace("REQUEST", json.dumps(self.format_request)) if self.style == "tagged" else ""
        )
        return request + template + _OPENING

    @cached_property
    def _opens_thinking(self) -> bool:
        return self._rendered([{"role": "user", "content": ""}]).rstrip().endswith("<think>")

    def _templated(self, messages: Sequence[Message], mode: Mode) -> str:
        turns = [m.model_dump() for m in messages]
        if mode == "direct":
            return self._rendered(turns)
        if self.style == "tagged" and not self._opens_thinking:
            turns = _with_request(turns, self.format_request)
        text = self._rendered(turns)
        return (text.rstrip().removesuffix("<think>") if self._opens_thinking else text) + self.opening(mode)

    def _rendered(self, turns: list[dict[str, str]]) -> str:
        return str(self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))


_REQUEST = (
    "{% if messages[0]['role'] == 'system' %}"
    "{% set system = messages[0]['content'] + '\\n\\n' + REQUEST %}"
    "{% set messages = [{'role': 'system', 'content': system}] + messages[1:] %}"
    "{% else %}{% set messages = [{'role': 'system', 'content': REQUEST}] + messages %}{% endif %}"
)
_OPENING = "{% if add_generation_prompt %}{{ '<think>\\n' }}{% endif %}"


def _with_request(turns: list[dict[str, str]], request: str) -> list[dict[str, str]]:
    """Add the format request as the system text, after the system text that exists."""
    if turns[0]["role"] != "system":
        return [{"role": "system", "content": request}, *turns]
    return [{"role": "system", "content": f"{turns[0]['content']}\n\n{request}"}, *turns[1:]]
