"""Messages -> token ids: the chat template, the request for tags, the opened or empty thinking block.

The prompt ends with an opened `<think>`, which counts as part of the response. If the
model's template opens it already, it is not opened twice, and a template that asks for the format itself does
not get the request again. If a template refuses system texts (Gemma's does), they begin the first user turn.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from raif.errors import RaifError
from raif.reasoning import EMPTY_THINKING, FORMAT_REQUEST, OPENED, TAGS, Response, Style, split
from raif.types import Expert, Message

Mode = Literal["thinking", "plain", "direct"]
"""thinking: the thinking block is opened; plain: it is empty; direct: left to the model's template."""


@dataclass(frozen=True)
class Chat:
    """How prompts are written for one model, and its responses read."""

    tokenizer: Any
    style: Style
    format_request: str = FORMAT_REQUEST

    def prompt(self, messages: Sequence[Message], mode: Mode, **variables: Any) -> list[int]:
        """The prompt's tokens. `variables`: more that the template knows. Raises RaifError if the template
        can't write it."""
        from jinja2 import TemplateError

        try:
            return self._prompt(messages, mode, variables)
        except TemplateError as error:
            roles = ", ".join(m.role for m in messages)
            raise RaifError(
                f"the chat template of {self.tokenizer.name_or_path} can't write the prompt that ends with "
                f"{messages[-1].content[-40:]!r} (turns: {roles}): {error}",
                "Leave such prompts out, or correct the template: chat_template.jinja in the model's folder.",
            ) from error

    def _prompt(self, messages: Sequence[Message], mode: Mode, variables: dict[str, Any]) -> list[int]:
        turns: list[dict[str, Any]] = [m.model_dump() for m in messages]
        if mode != "direct" and self.style == "tagged" and not self._asks_for_format:
            turns = _with_request(turns, self.format_request)
        text = self.rendered(turns, **variables)
        if mode != "direct":
            text = text.rstrip().removesuffix("<think>") if self._opens_thinking else text
            text += self.opening(mode)
        return self.encode(text)

    def opening(self, mode: Mode) -> str:
        """The part of the response that the prompt already contains."""
        if mode == "direct":
            return OPENED if self._opens_thinking else ""
        return OPENED if mode == "thinking" else EMPTY_THINKING

    def completion(self, expert: Expert) -> list[int]:
        """The tokens of an expert's response after the opened thinking block, with the end token."""
        answer = f"<answer>\n{expert.answer}\n</answer>" if self.style == "tagged" else expert.answer
        if self.tokenizer.eos_token_id is None:
            raise RaifError(
                f"the tokenizer of {self.tokenizer.name_or_path} has no token that ends a response",
                "Name it as eos_token in tokenizer_config.json in the model's folder.",
            )
        return [*self.encode(f"{expert.thinking}\n</think>\n{answer}"), self.tokenizer.eos_token_id]

    def text(self, ids: Sequence[int], mode: Mode) -> str:
        """The whole response as text, with the opening and without end tokens.

        Special tokens are left out, except the tags: some tokenizers know `</think>` as one.
        """
        return self.opening(mode) + str(self.tokenizer.decode(self.shown(ids), skip_special_tokens=False))

    def shown(self, ids: Sequence[int]) -> list[int]:
        """The tokens that are part of a text: all but special ones that are no tags."""
        return [i for i in ids if i not in self._left_out]

    def taken_apart(self, text: str, mode: Mode) -> Response:
        """A response as thinking and answer. Asked directly, a reasoning model may think or not."""
        if mode != "direct":
            return split(text, self.style)
        return split(text, "deepseek" if "<think>" in text or "</think>" in text else "none")

    @cached_property
    def _left_out(self) -> frozenset[int]:
        tags = self.tokenizer.convert_tokens_to_ids([*TAGS["tagged"]])
        return frozenset(self.tokenizer.all_special_ids) - frozenset(tags)

    def encode(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def served_template(self) -> str:
        """The template to save with a trained model: it asks for the format and opens the thinking block."""
        template = str(self.tokenizer.chat_template)
        request = ""
        if self.style == "tagged" and not self._asks_for_format:
            request = _REQUEST if self._takes_system else _REQUEST_OF_USER
        opening = "" if self._opens_thinking else _OPENING
        return request.replace("REQUEST", json.dumps(self.format_request)) + template + opening

    @cached_property
    def _opens_thinking(self) -> bool:
        return self._bare.rstrip().endswith("<think>")

    @cached_property
    def _asks_for_format(self) -> bool:
        return self.format_request in self._bare

    @cached_property
    def _bare(self) -> str:
        """An empty prompt, as the template renders it. Raises RaifError if a prompt would always be empty."""
        if "Hello." not in self._templated([{"role": "user", "content": "Hello."}]):
            raise RaifError(
                f"the chat template of {self.tokenizer.name_or_path} leaves out what the user says",
                "Correct it: chat_template.jinja in the model's folder.",
            )
        return self._templated([{"role": "user", "content": ""}])

    @cached_property
    def _takes_system(self) -> bool:
        from jinja2 import TemplateError

        turns = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello."}]
        try:
            return "Be kind." in self._templated(turns)
        except TemplateError:
            return False

    def rendered(self, turns: list[dict[str, Any]], **variables: Any) -> str:
        """The prompt as text, by the model's own template. `variables`: more that the template knows."""
        if turns[0]["role"] == "system" and not self._takes_system:
            turns = _without_system(turns)
        return self._templated(turns, **variables)

    def knows(self, variable: str) -> bool:
        """Whether the template has a variable of that name."""
        return bool(re.search(rf"\b{re.escape(variable)}\b", str(self.tokenizer.chat_template)))

    def _templated(self, turns: list[dict[str, Any]], **variables: Any) -> str:
        if not self.tokenizer.chat_template:
            raise RaifError(
                f"the tokenizer of {self.tokenizer.name_or_path} has no chat template",
                "Take the instruction-tuned model, or put a chat_template.jinja into its folder.",
            )
        template = self.tokenizer.apply_chat_template
        return str(template(turns, tokenize=False, add_generation_prompt=True, **variables))


_REQUEST = (
    "{% if messages[0]['role'] == 'system' %}"
    "{% set system = messages[0]['content'] + '\\n\\n' + REQUEST %}"
    "{% set messages = [{'role': 'system', 'content': system}] + messages[1:] %}"
    "{% else %}{% set messages = [{'role': 'system', 'content': REQUEST}] + messages %}{% endif %}"
)
_REQUEST_OF_USER = (
    "{% set first = REQUEST + '\\n\\n' + messages[0]['content'] %}"
    "{% set messages = [{'role': 'user', 'content': first}] + messages[1:] %}"
)
_OPENING = "{% if add_generation_prompt %}{{ '<think>\\n' }}{% endif %}"


def _with_request(turns: list[dict[str, Any]], request: str) -> list[dict[str, Any]]:
    """Add the format request as the system text, after the system text that exists."""
    if turns[0]["role"] != "system":
        return [{"role": "system", "content": request}, *turns]
    return [{"role": "system", "content": f"{turns[0]['content']}\n\n{request}"}, *turns[1:]]


def _without_system(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The system text as the beginning of the user's first turn."""
    system, *others = turns
    if not others:
        return [system | {"role": "user"}]
    first, *rest = others
    return [{"role": "user", "content": f"{system['content']}\n\n{first['content']}"}, *rest]
