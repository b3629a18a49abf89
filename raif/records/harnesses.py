"""What evaluation harnesses write: the row of a benchmark's data, with the model's answer next to it.

lm-evaluation-harness keeps the row under `doc`, evalscope under `metadata`, lighteval its checks alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from raif.records.layout import LAYOUTS, Layout, Row, fields_of, given, text_of, turns


def answers(texts: list[Any]) -> Row:
    """One answer as `response`, several as `responses`, none as {}."""
    if not texts:
        return {}
    return {"response": texts[0]} if len(texts) == 1 else {"responses": texts}


def _object(row: Row, column: str) -> Row:
    found = row.get(column)
    if not isinstance(found, Mapping):
        raise ValueError(f"{column}: not an object")
    return dict(found)


def _doc(row: Row) -> Row:
    return _object(row, "doc")


def _filtered(row: Row) -> Row:
    """What was scored: the responses that a filter left, which are lists where each request was repeated."""
    found = row.get("filtered_resps") or row["resps"]
    return answers([text for each in found for text in (each if isinstance(each, list) else [each])])


LAYOUTS.add(
    "lm-eval",
    Layout(
        about="lm-evaluation-harness: samples_*.jsonl",
        columns=("doc", "resps"),
        more=("filtered_resps",),
        fields=lambda row, where: fields_of(_doc(row), where),
        inner=_doc,
        given=lambda row: given(row) or _filtered(row),
        sample={
            "doc_id": 0,
            "doc": {
                "key": 1000,
                "prompt": "Describe tea without commas.",
                "instruction_id_list": ["punctuation:no_comma"],
                "kwargs": [{"num_words": None}],
            },
            "target": 0,
            "arguments": {"gen_args_0": {"arg_0": "Describe tea without commas.", "arg_1": {"until": []}}},
            "resps": [["Tea is warm."]],
            "filtered_resps": ["Tea is warm."],
            "filter": "none",
            "metrics": ["prompt_level_strict_acc"],
            "doc_hash": "5c2e",
            "prompt_level_strict_acc": True,
        },
    ),
)


def _checks(prompt: Any, specific: Any) -> Row:
    """lighteval's name for IFEval's column is `instructions_id_list`."""
    found = specific if isinstance(specific, Mapping) else {}
    ids = found.get("instructions_id_list", found.get("instruction_id_list"))
    if ids is None:
        raise ValueError("no `instructions_id_list`: this is no task with checks")
    return {"prompt": prompt, "instruction_id_list": ids, "kwargs": found.get("kwargs")}


def _lighteval(name: str, response: str) -> Layout:
    def inner(row: Row) -> Row:
        doc = _object(row, name)
        return _checks(doc.get("query"), doc.get("specific"))

    def scored(row: Row) -> Row:
        found = _object(row, response)
        return given(row) or answers(list(found.get("text_post_processed") or found.get("text") or []))

    return Layout(
        about=f"lighteval's details ({'0.13 and later' if name == 'doc' else '0.10 to 0.12'})",
        columns=(name, response),
        fields=lambda row, where: fields_of(inner(row), where),
        inner=inner,
        given=scored,
        sample={
            name: {
                "id": "0",
                "task_name": "ifeval",
                "query": "Describe tea without commas.",
                "choices": [""],
                "gold_index": 0,
                "specific": {
                    "instructions_id_list": ["punctuation:no_comma"],
                    "kwargs": [{"num_words": None}],
                },
            },
            response: {"text": ["Tea is warm."], "input_tokens": [[1]], "text_post_processed": None},
            name.replace("doc", "metric"): {"prompt_level_strict_acc": 1.0},
        },
    )


LAYOUTS.add("lighteval", _lighteval("doc", "model_response"))
LAYOUTS.add("lighteval-underscored", _lighteval("__doc__", "__model_response__"))


def _old_inner(row: Row) -> Row:
    return _checks(row["example"], row["specifics"])


LAYOUTS.add(
    "lighteval-old",
    Layout(
        about="lighteval's details (before 0.10)",
        columns=("example", "predictions", "specifics"),
        fields=lambda row, where: fields_of(_old_inner(row), where),
        inner=_old_inner,
        given=lambda row: given(row) or answers(list(row["predictions"])),
        sample={
            "example": "Describe tea without commas.",
            "full_prompt": "Describe tea without commas.",
            "predictions": ["Tea is warm."],
            "specifics": {"instructions_id_list": ["punctuation:no_comma"], "kwargs": [{"num_words": None}]},
            "metrics": {"prompt_level_strict_acc": 1.0},
        },
    ),
)


def _metadata(row: Row) -> Row:
    found = row.get("metadata")
    if not isinstance(found, Mapping) or not found:
        raise ValueError(
            "metadata: missing, so there are no checks. Give the benchmark's data as FILE and this file as "
            "--responses"
        )
    return dict(found)


def _asked(row: Row) -> Row:
    """The record; without one the conversation up to the answer, by which the answer can be joined."""
    if row.get("metadata"):
        return _metadata(row)
    said = turns(row.get("messages") or [])
    while said and said[-1]["role"] != "user":
        said.pop()
    return {"messages": said}


def _choices(row: Row) -> Row:
    choices = _object(row, "model_output").get("choices") or []
    return answers([text_of(choice["message"]["content"]) for choice in choices])


LAYOUTS.add(
    "evalscope",
    Layout(
        about="evalscope's predictions",
        columns=("index", "model_output"),
        more=("metadata", "messages"),
        fields=lambda row, where: fields_of(_metadata(row), where),
        inner=_asked,
        given=lambda row: given(row) or _choices(row),
        sample={
            "index": 0,
            "model": "qwen-plus",
            "model_output": {
                "model": "qwen-plus",
                "choices": [
                    {"message": {"role": "assistant", "content": "Tea is warm."}, "stop_reason": "stop"}
                ],
            },
            "messages": [
                {"role": "user", "content": "Describe tea without commas."},
                {"role": "assistant", "content": "Tea is warm."},
            ],
            "metadata": {
                "key": 1000,
                "prompt": "Describe tea without commas.",
                "instruction_id_list": ["punctuation:no_comma"],
                "kwargs": [{"num_words": None}],
            },
        },
    ),
)
