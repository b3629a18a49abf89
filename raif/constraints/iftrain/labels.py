"""The labels of IF-RLVR's two data sets, `ground_truth`, as constraints; and the official reward for them.

`allenai/IF_multi_constraints_upto5` has several constraints a row in a Python literal, `allenai/RLVR-IFeval`
one in JSON. The reward is the share of constraints that the answer follows.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from typing import Any

from raif.constraints.kind import find
from raif.errors import ConstraintError
from raif.types import Constraint

OLDER = "rlvr:"
"""What the ids of RLVR-IFeval's functions begin with."""
_TAGS = re.compile("</?answer>")
_UNREADABLE = (ValueError, SyntaxError, TypeError, RecursionError, MemoryError)


def mixed(label: str, *, unwrap: bool = False) -> list[Constraint]:
    """The constraints of a label such as `[{'instruction_id': ['copy:copy'], 'kwargs': [{...}]}]`.

    As upstream does, this takes the first item of the list, and ids and kwargs up to the shorter of the two.
    With `unwrap`, the one-element lists of `count:count_increment_word`, on which upstream's checker raises,
    become their element. ConstraintError says what is wrong with a label.
    """
    try:
        first, *_ = ast.literal_eval(label)
        item = json.loads(first) if isinstance(first, str) else first
        ids, kwargs = item["instruction_id"], item["kwargs"]
    except KeyError as missing:
        raise _bad(label, f"no {missing}") from None
    except _UNREADABLE:
        raise _bad(label, "not a Python list with an object in it") from None
    if not (isinstance(ids, list) and isinstance(kwargs, list)):
        raise _bad(label, "'instruction_id' and 'kwargs' must be lists")
    found = []
    for id, given in zip(ids, kwargs, strict=False):
        if not (isinstance(id, str) and (given is None or isinstance(given, dict))):
            raise _bad(label, "an id must be text, and its kwargs an object or None")
        found.append(Constraint(id=id, kwargs=_unwrapped(id, given or {}) if unwrap else given or {}))
    return found


def single(label: str) -> list[Constraint]:
    """The constraint of a label such as `{"func_name": "validate_end", "end_phrase": "Bye."}`.

    Empty without `func_name`, for which upstream gives no points. ConstraintError if it is no JSON object.
    """
    try:
        item = json.loads(label)
    except _UNREADABLE:
        raise _bad(label, "not JSON") from None
    if not isinstance(item, dict):
        raise _bad(label, "not a JSON object")
    name = item.pop("func_name", None)
    given = {key: value for key, value in item.items() if value is not None}
    return [Constraint(id=f"{OLDER}{name}", kwargs=given)] if name else []


def answer(prediction: str) -> str:
    """What upstream's reward checks: the text after the last `</think>`, without tags around the answer."""
    _, _, text = prediction.replace("<|assistant|>", "").strip().rpartition("</think>")
    return _TAGS.sub("", text).strip()


def score(constraints: Sequence[Constraint], prediction: str) -> float:
    """The share of the constraints that the answer follows, 0 to 1, as upstream's reward counts it.

    An empty answer follows none, save RLVR-IFeval's functions, which upstream asks about it. ConstraintError
    for what upstream can't check.
    """
    bound = [(kind, kind.bind(one.kwargs)) for one in constraints for kind in [find(one.id, "official")]]
    text = answer(prediction)
    passed = [
        bool((text or kind.id.startswith(OLDER)) and kind.check(text, **kwargs).passed)
        for kind, kwargs in bound
    ]
    return sum(passed) / len(passed) if passed else 0.0


def _unwrapped(id: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    if id != "count:count_increment_word":
        return kwargs
    return {
        name: value[0] if isinstance(value, list) and len(value) == 1 else value
        for name, value in kwargs.items()
    }


def _bad(label: object, what: str) -> ConstraintError:
    return ConstraintError(f"ground_truth: {what}: {str(label)[:80]!r}")
