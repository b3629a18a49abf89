"""Our verdicts as rewards in other libraries' trainers. None of those libraries is imported with it.

Shared by all: the share of a row's constraints that a response follows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from raif.errors import RaifError, RecordError
from raif.reasoning import EMPTY_THINKING, OPENED, Marks
from raif.records.trainers import checks_of
from raif.types import Verification
from raif.verdicts.api import verify

CHECKS = ("constraints", "questions", "composition", "dialect", "language", "instruction_id_list", "kwargs")
"""The fields of our records and of IFEval's that say what is checked. All others are ignored."""
_ASKING = {"constraints", "instruction_id_list"}
_END = re.compile(
    r"(?:\s*(?:<\|(?:im_end|endoftext|eot_id|end_of_text|end|return)\|>|<｜end▁of▁sentence｜>|<end_of_turn>"
    r"|</s>|<eos>|<pad>))+\s*\Z"
)
"""Tokens that end a response or fill it up, in a text from which a library hasn't taken them."""


def share_followed(row: Mapping[str, Any], response: str, think: Marks = "none") -> float | None:
    """The share of the row's checks that pass strictly, in [0, 1]. None if no check can be judged.

    Raises RecordError if a check can't be used.
    """
    found = _verified(row, response, think)
    return found.fraction if found else None


def rewarded(row: Mapping[str, Any], response: str, think: Marks = "none") -> tuple[float, bool]:
    """The share as above, and whether all checks pass, for a library that needs a number.

    Raises RaifError if no check can be judged.
    """
    found = _verified(row, response, think)
    if found is None or found.fraction is None:
        raise RaifError("no constraint that could be judged", "Give the row `constraints` of known kinds.")
    return found.fraction, found.fraction == 1


def _verified(row: Mapping[str, Any], response: str, think: Marks) -> Verification | None:
    record = {name: row[name] for name in CHECKS if row.get(name) is not None}
    return verify(record, response, think=think) if _ASKING & record.keys() else None


def labelled(label: object) -> Mapping[str, Any]:
    """The checks in a label: ours or IFEval's, as JSON text or an object, or a `ground_truth` of IF-RLVR.

    Raises RecordError if it says nothing of what is checked.
    """
    try:
        return checks_of(label)
    except (ValueError, RecursionError) as error:
        hint = 'It should be JSON text such as {"constraints": [{"id": "punctuation:no_comma"}]}.'
        raise RecordError(f"a row without checks: {error}", hint) from None


def generated(response: str, prompt: object, think: Marks) -> str:
    """A response as `think` reads it: without its end tokens, with the thinking tags that end its prompt.

    `prompt`: the text that the model continued; turns, or None, if it isn't known.
    """
    text, before = _END.sub("", response), prompt.rstrip() if isinstance(prompt, str) else ""
    if think == "none":
        return text
    if before.endswith("<think>"):
        return OPENED + text
    return EMPTY_THINKING + text if before.endswith("</think>") else text
