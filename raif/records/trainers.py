"""Rows as trainers of other libraries take them: a prompt, and what is checked in a label or in columns.

The label of verl, OpenRLHF and slime is text. Ours is JSON with the fields of a record; IFEval's lists, those
of open-instruct and VerInstruct's checkers are read, too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from raif.records import ifeval, open_instruct, ours, verinstruct
from raif.records.layout import LAYOUTS, Layout, Row, name_of, turns, without_messages


def checks_of(label: Any) -> Row:
    """The fields of a record that a label states, such as its constraints. ValueError if it states none."""
    if isinstance(label, str) and not label.lstrip().startswith("["):
        try:
            label = json.loads(label)
        except ValueError:
            raise ValueError(f"no checks in the label {label[:60]!r}") from None
    if isinstance(label, str | list):
        return {"dialect": "official", "constraints": open_instruct.mixed(label)}
    if not isinstance(label, Mapping):
        raise ValueError(f"no checks in the label {label!r}")
    found = dict(label)
    if "func_name" in found:
        return {"dialect": "official", "constraints": open_instruct.older(json.dumps(found))}
    if "instruction_id_list" in found:
        return ifeval.checked(found)
    if "checkers" in found:
        return {"task": "complex", "questions": verinstruct.questions(found["checkers"])}
    if found.keys().isdisjoint(("constraints", "questions", "reference")):
        raise ValueError(f"no checks in the label, which has {', '.join(found) or 'nothing'}")
    return ours.fields(found, "label")


def _labelled(prompt: str, label: str) -> Layout:
    def fields(row: Row, where: str) -> Row:
        return ifeval.named(row) | checks_of(row[label]) | {"messages": turns(row[prompt])}

    return Layout(
        about="OpenRLHF" if prompt == "input" else "slime",
        columns=(prompt, label),
        more=("id",),
        fields=fields,
        when=without_messages,
        sample={
            prompt: [{"role": "user", "content": "Describe tea without commas."}],
            label: '{"id": "tea-1", "constraints": [{"id": "punctuation:no_comma"}]}',
        },
    )


def _verl(row: Row, where: str) -> Row:
    about, model = row.get("extra_info"), row["reward_model"]
    index = row.get("id")
    if index is None and isinstance(about, Mapping):
        index = about.get("index")
    if not isinstance(model, Mapping):
        raise ValueError("reward_model: not an object")
    found = checks_of(model.get("ground_truth"))
    named = {} if index is None else {"id": name_of(index)}
    return named | found | {"messages": turns(row["prompt"])}


def _lost_of_verl(row: Row) -> list[str]:
    """What a record has no place for, unless it was made of one: of `extra_info`, all but the index."""
    if row.get("data_source") == "raif":
        return []
    about = row.get("extra_info")
    others = isinstance(about, Mapping) and any(about[name] is not None for name in about.keys() - {"index"})
    return [name for name in ("data_source", "ability") if name in row] + ["extra_info"] * others


def _trl(row: Row, where: str) -> Row:
    if row.get("instruction_id_list"):
        raise ValueError("has both `constraints` and `instruction_id_list`: leave out one of them")
    rest = {name: value for name, value in row.items() if name != "prompt"}
    return ours.fields(rest | {"messages": turns(row["prompt"])}, where)


LAYOUTS.add("openrlhf", _labelled("input", "label"))
LAYOUTS.add("slime", _labelled("prompt", "label"))
LAYOUTS.add(
    "verl",
    Layout(
        about="verl",
        columns=("prompt", "reward_model"),
        more=("id", "extra_info", "data_source", "ability"),
        lost=_lost_of_verl,
        fields=_verl,
        when=without_messages,
        sample={
            "data_source": "raif",
            "prompt": [{"role": "user", "content": "Describe tea without commas."}],
            "ability": "ifeval",
            "reward_model": {
                "style": "rule",
                "ground_truth": '{"constraints": [{"id": "punctuation:no_comma"}]}',
            },
            "extra_info": {"index": "tea-1"},
        },
    ),
)
LAYOUTS.add(
    "trl",
    Layout(
        about="TRL, plain and conversational",
        columns=("prompt", "constraints"),
        more=(*ours.KNOWN, "completion"),
        fields=_trl,
        when=without_messages,
        sample={
            "prompt": [{"role": "user", "content": "Describe tea without commas."}],
            "completion": [{"role": "assistant", "content": "Tea is warm."}],
            "constraints": [{"id": "punctuation:no_comma", "kwargs": "{}"}],
        },
    ),
)
