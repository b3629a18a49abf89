"""The layout of the RAIF paper's released training data (arXiv 2506.01413): templated chats, checks as text.

A row has `input` (templated text that ends in an opened `<think>`), `target` (the right answer, or JSON text
with `instruction_id_list` and `kwargs`, or with `scoring_questions`), `task`, and sometimes `answer`.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from raif.files import jsonl
from raif.reasoning import TAGS, Style, split
from raif.records.layout import LAYOUTS, Layout, Row, constraints, without_messages
from raif.text.han import COMMON_HAN

_HAN = re.compile(f"[{COMMON_HAN}]")
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


class _Line(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)
    id: str | None = None
    input: str
    target: str
    task: str = "default"
    answer: Any = None


class _Question(BaseModel):
    question: str


class _Checks(BaseModel):
    model_config = ConfigDict(extra="allow")
    instruction_id_list: list[str] = []
    kwargs: list[dict[str, Any] | None] = []
    scoring_questions: list[str | _Question] = []


def fields(row: Row, where: str) -> Row:
    line = jsonl.parse(row, _Line, where)
    task = next((known for label, known in _TASKS.items() if line.task.startswith(label)), line.task)
    turns = messages(line.input)
    solved = task not in ("ifeval", "complex")
    return ({} if line.id is None else {"id": line.id}) | {
        **({"reference": line.target} if solved else _checks(line.target, where)),
        "task": task,
        "messages": turns,
        "dialect": "reference",
        "language": "zh" if _HAN.search("".join(turn["content"] for turn in turns)) else "en",
        "format_required": not line.task.endswith("woFormat"),
        "expert": _expert(line.answer),
        "provenance": {"source": "released", "task": line.task},
    }


def messages(text: str) -> list[dict[str, str]]:
    """The turns before the opened `<think>`, without a system text that asks for the reasoning tags.

    The tags are asked for again once the model, and so its style of reasoning, is known.
    """
    for template in _TEMPLATES:
        head, *rest = template.turn.split(text.strip())
        if rest:
            break
    else:
        raise ValueError("input: not in a chat template of Qwen, DeepSeek, Llama 3 or Mistral")
    contents = [content.partition(template.end)[0].strip() for content in rest[1::2]]
    if contents.pop() != "<think>":
        raise ValueError("input: does not end in an opened <think>")
    system = re.sub(r"\[/?SYSTEM_PROMPT\]", "", head.replace(template.begin, "", 1)).strip()
    roles = [_ROLES.get(role.lower(), role.lower()) for role in rest[:-2:2]]
    return [
        {"role": role, "content": content}
        for role, content in [("system", system), *zip(roles, contents, strict=True)]
        if role != "system" or (content and not all(tag in content for tag in TAGS["tagged"]))
    ]


def _expert(answer: object) -> dict[str, str] | None:
    """A stored answer with its thinking, if it has the tags. The opening tag is part of the input."""
    if not isinstance(answer, str):
        return None
    whole = answer if answer.lstrip().startswith("<think>") else f"<think>{answer}"
    styles: tuple[Style, ...] = ("tagged", "deepseek")
    for response in (split(whole, style) for style in styles):
        if response.format_valid and response.thinking and response.answer:
            return {"thinking": response.thinking, "answer": response.answer}
    return None


def _checks(target: str, where: str) -> Row:
    """The checks. A stored answer's score is the number that it passes, `plain_score` their share."""
    checks = jsonl.parse(target, _Checks, f"{where}: target")
    questions = [{"text": q if isinstance(q, str) else q.question} for q in checks.scoring_questions]
    try:
        found = constraints(checks.instruction_id_list, checks.kwargs)
    except ValueError as error:
        raise ValueError(f"target: {error}") from None
    count = len(found) + len(questions)
    stored = (
        float(value) / count
        for name, value in (checks.model_extra or {}).items()
        if count and name.startswith(("follow_score_", "scoring_sum_"))
    )
    return {"constraints": found, "questions": questions, "plain_score": next(stored, None)}


LAYOUTS.add(
    "released",
    Layout(
        about="the RAIF paper's released data",
        columns=("input", "target"),
        more=("id", "task", "answer"),
        fields=fields,
        when=without_messages,
        sample={
            "input": "<|im_start|>user\nDescribe tea.<|im_end|>\n<|im_start|>assistant\n<think>",
            "target": '{"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}',
            "task": "ifeval",
        },
    ),
)
