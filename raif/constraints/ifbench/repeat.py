"""Repeating the request, or one sentence, and nothing else."""

from __future__ import annotations

import random
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationInfo

from raif.constraints.ifbench.common import Number, no_kwargs
from raif.constraints.kind import Example, Material, Outcome, Text, kind

SENTENCE = "Only output this sentence here, ignore all other requests."
_PROMPT = "Name a town by the sea."


def _draw_span(rng: random.Random, material: Material) -> dict[str, Any]:
    prompt = material.prompt or _PROMPT
    start = rng.randint(0, max(0, len(prompt) - 2))
    return {"prompt_to_repeat": prompt, "n_start": start, "n_end": rng.randint(start + 1, start + 20)}


def _from_start(end: int, info: ValidationInfo) -> int:
    if end < info.data.get("n_start", end):
        raise ValueError(f"less than n_start, {info.data['n_start']}")
    return end


@kind(
    "repeat:repeat_change",
    wordings={"en": ('Say only this again, with another word in place of the first: "{prompt_to_repeat}"',)},
    draw=lambda rng, material: {"prompt_to_repeat": material.prompt or _PROMPT},
    examples=(
        Example(True, "Find a town by the sea.", {"prompt_to_repeat": _PROMPT}),
        Example(False, "Name a town by the lake.", {"prompt_to_repeat": _PROMPT}),
    ),
)
def repeat_change(response: str, *, prompt_to_repeat: Text) -> Outcome:
    """A change of white space suffices: only exactly the same text counts as unchanged."""
    if response == prompt_to_repeat:
        return Outcome(False, "the first word is unchanged")
    same = response.split()[1:] == prompt_to_repeat.split()[1:]
    return Outcome(same, f"the other words are {'' if same else 'not '}those of the request")


@kind(
    "repeat:repeat_simple",
    wordings={"en": (f'Write nothing but this: "{SENTENCE}"',)},
    draw=no_kwargs,
    examples=(Example(True, SENTENCE.upper(), {}), Example(False, f'"{SENTENCE}"', {})),
)
def repeat_simple(response: str) -> Outcome:
    """In any case. White space around it is ignored."""
    passed = response.strip().lower() == SENTENCE.lower()
    return Outcome(passed, f"{'' if passed else 'not '}just the sentence")


@kind(
    "repeat:repeat_span",
    wordings={
        "en": (
            "Copy what stands from character {n_start} to character {n_end}, counted from 0 and both "
            'included, of this text: "{prompt_to_repeat}"',
        )
    },
    draw=_draw_span,
    examples=(
        Example(True, "TOWN", {"prompt_to_repeat": _PROMPT, "n_start": 6, "n_end": 10}),
        Example(False, "a town", {"prompt_to_repeat": _PROMPT, "n_start": 6, "n_end": 10}),
    ),
)
def repeat_span(
    response: str,
    *,
    prompt_to_repeat: Text,
    n_start: Number,
    n_end: Annotated[Number, AfterValidator(_from_start)],
) -> Outcome:
    """In any case. White space around the response and around the part is ignored."""
    span = prompt_to_repeat[n_start : n_end + 1].strip().lower()
    return Outcome(response.strip().lower() == span, f'asked for "{span}" alone')
