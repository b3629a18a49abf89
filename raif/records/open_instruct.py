"""The two data sets of IF-RLVR, as open-instruct reads them: a conversation, with its checks as text.

`allenai/RLVR-IFeval` (arXiv 2411.15124) has one function of an older checker a row, in JSON;
`allenai/IF_multi_constraints_upto5` (arXiv 2507.02833) has one to five constraints, in a Python literal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from raif.constraints.iftrain import labels
from raif.errors import ConstraintError
from raif.records.ifeval import named
from raif.records.layout import LAYOUTS, Layout, Row, turns
from raif.types import Constraint

_MORE = ("key", "id", "language", "dialect")


def older(label: Any) -> list[Row]:
    """The constraint of a label of RLVR-IFeval. Raises ValueError if it names no function."""
    found = _read(labels.single, label if isinstance(label, str) else json.dumps(label))
    if not found:
        raise ValueError("ground_truth: no func_name")
    return found


def mixed(label: Any) -> list[Row]:
    """The constraints of a label of IF_multi_constraints_upto5."""
    text = label if isinstance(label, str) else repr(label)
    return _read(lambda each: labels.mixed(each, unwrap=True), text)


def _read(read: Callable[[str], list[Constraint]], label: str) -> list[Row]:
    try:
        return [dict(each) for each in read(label)]
    except ConstraintError as error:
        raise ValueError(error.message) from None


def _fields(read: Callable[[Any], list[Row]]) -> Callable[[Row, str], Row]:
    def fields(row: Row, where: str) -> Row:
        kept = {name: row[name] for name in ("language", "dialect") if row.get(name)}
        found = {"messages": turns(row["messages"]), "constraints": read(_label(row))}
        return named(row) | {"dialect": "official"} | kept | found

    return fields


def _label(row: Row) -> Any:
    """The label; AI2's later mixtures have it in a list of one."""
    label = row["ground_truth"]
    return label[0] if isinstance(label, list) and len(label) == 1 and isinstance(label[0], str) else label


def _is_labelled(row: Row) -> bool:
    return row.get("constraints") is None


def _is_older(row: Row) -> bool:
    label = _label(row)
    return isinstance(label, Mapping) or (isinstance(label, str) and label.lstrip().startswith("{"))


LAYOUTS.add(
    "rlvr-ifeval",
    Layout(
        about="allenai/RLVR-IFeval",
        columns=("messages", "ground_truth"),
        more=_MORE,
        fields=_fields(older),
        when=lambda row: _is_labelled(row) and _is_older(row),
        sample={
            "messages": [{"role": "user", "content": "Describe tea. Answer with at least 17 words"}],
            "ground_truth": '{"func_name": "validate_word_constraint", "N": 17, "quantifier": "at least", '
            '"end_phrase": null, "keyword_list": null, "word": null}',
            "dataset": "ifeval",
            "constraint_type": "Number Words",
            "constraint": "Answer with {quantifier} {N} words",
        },
    ),
)
LAYOUTS.add(
    "if-multi-constraints",
    Layout(
        about="allenai/IF_multi_constraints_upto5",
        columns=("messages", "ground_truth"),
        more=_MORE,
        fields=_fields(mixed),
        when=lambda row: _is_labelled(row) and not _is_older(row),
        sample={
            "key": "flan_v2_123",
            "messages": [
                {
                    "role": "user",
                    "content": "Describe tea. Join all sentences by hyphens. The last word must be brief.",
                }
            ],
            "ground_truth": "[{'instruction_id': ['detectable_format:sentence_hyphens', "
            "'last_word:last_word_answer'], 'kwargs': [None, {'last_word': 'brief'}]}]",
            "dataset": "ifeval",
            "constraint_type": "multi",
            "constraint": "Join all sentences by hyphens. The last word must be brief.",
        },
    ),
)
