"""The released training data of the RAIF paper (arXiv 2506.01413): templated chats, checks as a string.

A line has `input` (templated text that ends in an opened `<think>`), `target` (the reference answer, or JSON
text with `instruction_id_list` and `kwargs`, or with `scoring_questions`), `task` and perhaps `answer`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from raif.files import jsonl
from raif.reasoning import TAGS, Style, split

_HAN = re.compile(r"[一-鿿]")
_ROLES = {"[inst]": "user", "[/inst]": "assistant"}
_TASKS = {"default": "math", "math": "math", "kk": "kk", "ifeval": "ifeval", "complex": "complex"}
"""What a task's label starts with, and the task."""


class _Template(NamedTuple):
    begin: str
    turn: re.Pattern[str]
    """Opens a turn; its group is the role."""
    end: str


_TEMPLATES = (
    _Template("", re.compile(r"<\|im_start\|>(\w+)\n"), "<|im_end|>"),
    _Template("<｜begin▁of▁sentence｜>", re.compile(r"<｜(User|Assistant)｜>"), "<｜end▁of▁sentence｜>"),
    _Template(
        "<|begin_of_text|>", re.compile(r"<\|start_header_id\|>(\w+)<\|end_header_id\|>"), "<|eot_id|>"
    ),
    _Template("<s>", re.compile(r"(\[/?INST\])"), "</s>"),
)


class Line(BaseModel):
    """A line as it is released; what else it has is left aside."""

    model_config = ConfigDict(coerce_numbers_to_str=True)
    id: str | None = None
    input: str
    target: str
    task: str = "default"
    answer: Any = None

    def fields(self, where: str) -> dict[str, Any]:
        """The same in the fields of `Instruction`; ValueError or RecordError says what can't be read."""
        task = next((known for label, known in _TASKS.items() if self.task.startswith(label)), self.task)
        turns = messages(self.input)
        checks = _checks(self.target, where) if task in ("ifeval", "complex") else {"reference": self.target}
        return checks | {
            "task": task,
            "messages": turns,
            "dialect": "reference",
            "language": "zh" if _HAN.search("".join(turn["content"] for turn in turns)) else "en",
            "format_required": not self.task.endswith("woFormat"),
            "expert": _expert(self.answer),
            "provenance": {"source": "released", "task": self.task},
        }


class _Question(BaseModel):
    question: str


class _Checks(BaseModel):
    model_config = ConfigDict(extra="allow")
    instruction_id_list: list[str] = []
    kwargs: list[dict[str, Any] | None] = []
    scoring_questions: list[str | _Question] = []


def messages(text: str) -> list[dict[str, str]]:
    """The turns before the opened `<think>`; a system text that asks for the tags is left out.

    The tags are asked for anew when the model, and so its style of reasoning, is known.
    """
    for template in _TEMPLATES:
        head, *rest = template.turn.split(text.strip())
        if rest:
            break
    else:
        raise ValueError("input: none of the templates of Qwen, DeepSeek, Llama 3 and Mistral")
    contents = [content.partition(template.end)[0].strip() for content in rest[1::2]]
    if contents.pop() != "<think>":
        raise ValueError("input: does not end in an opened <think>")
    system = re.sub(r"\[/?SYSTEM_PROMPT\]", "", head.replace(template.begin, "", 1)).strip()
    roles = [_ROLES.get(role.lower(), role.lower()) for role in rest[:-2:2]]
    turns = [("system", system), *zip(roles, contents, strict=True)]
    return [
        {"role": role, "content": content} for role, content in turns if role != "system" or _kept(content)
    ]


def given(kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
    """The kwargs without nulls, with which columnar files fill those that an id doesn't take."""
    return {name: value for name, value in (kwargs or {}).items() if value is not None}


def _kept(system: str) -> bool:
    return bool(system) and not all(tag in system for tag in TAGS["tagged"])


def _expert(answer: object) -> dict[str, str] | None:
    """A stored answer with its thinking, where it has the tags; the opening one is part of the input."""
    if not isinstance(answer, str):
        return None
    whole = answer if answer.lstrip().startswith("<think>") else f"<think>{answer}"
    styles: tuple[Style, ...] = ("tagged", "deepseek")
    for response in (split(whole, style) for style in styles):
        if response.format_valid and response.thinking and response.answer:
            return {"thinking": response.thinking, "answer": response.answer}
    return None


def _checks(target: str, where: str) -> dict[str, Any]:
    checks = jsonl.parse(target, _Checks, f"{where}: target")
    ids, kwargs, asked = checks.instruction_id_list, checks.kwargs, checks.scoring_questions
    if len(ids) != len(kwargs):
        raise ValueError(f"target: {len(ids)} ids and {len(kwargs)} kwargs")
    return {
        "constraints": [{"id": id, "kwargs": given(values)} for id, values in zip(ids, kwargs, strict=True)],
        "questions": [{"text": q if isinstance(q, str) else q.question} for q in asked],
        "plain_score": _share(checks.model_extra or {}, len(ids) + len(asked)),
    }


def _share(checks: Mapping[str, Any], count: int) -> float | None:
    """The stored answer's score is the number of checks it passes."""
    for name, value in checks.items():
        if name.startswith(("follow_score_", "scoring_sum_")) and count:
            return float(value) / count
    return None
