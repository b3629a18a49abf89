"""IFEval's layout (arXiv 2311.07911), and those that come from it: ids with kwargs, in parallel lists.

IFBench and M-IFEval have it too; IFBench's multi-turn rows have a conversation that the prompt ends.
"""

from __future__ import annotations

from typing import Any

from raif.records.layout import (
    LAYOUTS,
    Layout,
    Row,
    constraints,
    name_of,
    plain_id,
    turns,
    unpacked,
    without_messages,
)

_MORE = ("key", "id", "kwargs", "language", "dialect")


def single(row: Row, where: str) -> Row:
    return _fields(row, row["prompt"], "prompt")


def conversation(row: Row, where: str) -> Row:
    return _fields(row, row["messages"], "messages")


def instructed(row: Row, where: str) -> Row:
    return _fields(row, row["instruction"], "instruction")


def _fields(row: Row, prompt: Any, column: str) -> Row:
    if row.get("constraints"):
        raise ValueError("has both `constraints` and `instruction_id_list`: leave out one of them")
    if prompt is None:
        raise ValueError(f"{column}: is null")
    try:
        messages = turns(prompt)
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from None
    return named(row) | checked(row) | {"messages": messages}


def named(row: Row) -> Row:
    """The id of a row, a number or text, under `key` or `id`; {} if it has none."""
    name = row.get("key") if row.get("key") is not None else row.get("id")
    return {} if name is None else {"id": name_of(name)}


def checked(row: Row) -> Row:
    """The constraints, and the language and dialect that the row has for them."""
    if row.get("kwargs") is None:
        raise ValueError("kwargs: missing")
    ids = unpacked(row["instruction_id_list"], "instruction_id_list")
    found = {"dialect": row.get("dialect") or "official", "constraints": constraints(ids, row["kwargs"])}
    prefixes = {language for id in ids if (language := plain_id(id)[1])}
    language = row.get("language") or (prefixes.pop() if len(prefixes) == 1 else None)
    return found | ({"language": language} if language else {})


_KWARGS = [{}, {"relation": "at least", "num_words": 300}]
_IDS = ["punctuation:no_comma", "length_constraints:number_words"]

LAYOUTS.add(
    "ifeval",
    Layout(
        about="IFEval, IFBench, M-IFEval",
        columns=("prompt", "instruction_id_list"),
        more=_MORE,
        fields=single,
        when=without_messages,
        sample={"key": 1000, "prompt": "Write a summary.", "instruction_id_list": _IDS, "kwargs": _KWARGS},
    ),
)
LAYOUTS.add(
    "ifeval-chat",
    Layout(
        about="IFBench multi-turn",
        columns=("messages", "instruction_id_list"),
        more=("prompt", *_MORE),
        fields=conversation,
        sample={
            "key": 2473,
            "prompt": "Rewrite it without commas.",
            "instruction_id_list": ["punctuation:no_comma"],
            "kwargs": [{"N": None, "keyword": None}],
            "messages": [
                {"role": "user", "content": "Describe tea."},
                {"role": "assistant", "content": "Warm, brown, wet."},
                {"role": "user", "content": "Rewrite it without commas."},
            ],
        },
    ),
)
LAYOUTS.add(
    "argilla",
    Layout(
        about="argilla/ifeval-like-data",
        columns=("instruction", "instruction_id_list"),
        more=_MORE,
        fields=instructed,
        when=lambda row: row.get("prompt") is None,
        sample={
            "instruction": "Write a summary.",
            "response": "Tea is warm.",
            "model_name": "Qwen/Qwen2.5-72B-Instruct",
            "instruction_id_list": _IDS,
            "kwargs": '[{}, {"relation": "at least", "num_words": 300}]',
        },
    ),
)
