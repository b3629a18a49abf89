"""Copies of a text or of a part of it: in the same case, with the same words and marks."""

from __future__ import annotations

import re

from raif.constraints.ifbench.common import Number
from raif.constraints.ifbench.repeat import SENTENCE
from raif.constraints.iftrain.common import Amount
from raif.constraints.kind import Outcome, Text
from raif.constraints.plain.common import bare, meaning, said
from raif.text import reader
from raif.text.visible import visible

_TEXT = "Name a town by the sea."
_SIX = re.compile(r"(?<!\*)\*{6}(?!\*)")


def _shown(text: str) -> str:
    return reader.spaced(visible(text))


def _copied(response: str, wanted: str) -> Outcome:
    passed = reader.spaced(response) == _shown(wanted)
    return said(passed, "just the copy", f'not just the copy: "{response.strip()[:40]}"')


def _repeated_first(response: str, prompt: str) -> Outcome:
    text, wanted = reader.spaced(response), _shown(prompt)
    if not text.startswith(wanted):
        return Outcome(False, "the response does not start with the request")
    answered = bool(reader.words(text[len(wanted) :]))
    return said(answered, "starts with the request", "nothing follows the request")


@meaning(
    "combination:repeat_prompt",
    (True, "Say hi.\nHi!", {"prompt_to_repeat": "Say hi."}),
    (False, "SAY HI. Hi!", {"prompt_to_repeat": "Say hi."}),
    (False, "Say hi.", {"prompt_to_repeat": "Say hi."}),
)
def repeat_prompt(response: str, *, prompt_to_repeat: Text) -> Outcome:
    """In the same case, and an answer follows."""
    return _repeated_first(response, prompt_to_repeat)


@meaning(
    "rlvr:validate_repeat_prompt",
    (True, "Why? Because.", {"original_prompt": " Why?"}),
    (False, "Why?", {"original_prompt": "Why?"}),
)
def validate_repeat_prompt(response: str, *, original_prompt: Text) -> Outcome:
    """An answer follows. White space around the request makes no difference."""
    return _repeated_first(response, original_prompt)


@meaning(
    "copy:copy",
    (True, f"{_TEXT}\n", {"prompt_to_repeat": _TEXT}),
    (False, _TEXT.upper(), {"prompt_to_repeat": _TEXT}),
)
def copy(response: str, *, prompt_to_repeat: Text) -> Outcome:
    """In the same case."""
    return _copied(response, prompt_to_repeat)


@meaning(
    "copy:copying_simple",
    (True, f"{_TEXT}\n", {"prompt_to_repeat": _TEXT}),
    (False, _TEXT.upper(), {"prompt_to_repeat": _TEXT}),
)
def copying_simple(response: str, *, prompt_to_repeat: Text) -> Outcome:
    """In the same case."""
    return _copied(response, prompt_to_repeat)


@meaning(
    "copy:copying_multiple",
    (True, f"{_TEXT}\n******\n{_TEXT}", {"prompt_to_repeat": _TEXT, "N": 2}),
    (False, f"{_TEXT}\n*******\n{_TEXT}", {"prompt_to_repeat": _TEXT, "N": 2}),
)
def copying_multiple(response: str, *, prompt_to_repeat: Text, N: Amount) -> Outcome:
    """In the same case, divided by exactly six asterisks."""
    parts = _SIX.split(response)
    if len(parts) != N:
        return Outcome(False, f"{len(parts)} parts, asked for exactly {N}")
    wanted = _shown(prompt_to_repeat)
    other = next((part.strip() for part in parts if reader.spaced(part) != wanted), None)
    return said(other is None, "copies only", f'"{(other or "")[:40]}" is not the request')


@meaning(
    "new:copy_span_idx",
    (True, "Name", {"prompt_to_repeat": _TEXT, "n_start": 0, "n_end": 4}),
    (False, "TOWN", {"prompt_to_repeat": _TEXT, "n_start": 7, "n_end": 11}),
)
def copy_span_idx(response: str, *, prompt_to_repeat: Text, n_start: int, n_end: int) -> Outcome:
    """In the same case; the span may begin at 0. Its end is exclusive, as our wordings say."""
    return _copied(response, prompt_to_repeat[n_start:n_end])


@meaning(
    "repeat:repeat_span",
    (True, "a town", {"prompt_to_repeat": _TEXT, "n_start": 5, "n_end": 10}),
    (False, "A TOWN", {"prompt_to_repeat": _TEXT, "n_start": 5, "n_end": 10}),
)
def repeat_span(response: str, *, prompt_to_repeat: Text, n_start: Number, n_end: Number) -> Outcome:
    """In the same case. Both ends are included, as the wording says."""
    return _copied(response, prompt_to_repeat[n_start : n_end + 1])


@meaning(
    "repeat:repeat_simple",
    (True, SENTENCE, {}),
    (False, SENTENCE.upper(), {}),
)
def repeat_simple(response: str) -> Outcome:
    """In the same case."""
    return _copied(response, SENTENCE)


@meaning(
    "repeat:repeat_change",
    (True, "Find a town by the sea.", {"prompt_to_repeat": _TEXT}),
    (False, "NAME a  town by the sea.", {"prompt_to_repeat": _TEXT}),
)
def repeat_change(response: str, *, prompt_to_repeat: Text) -> Outcome:
    """The first word is another word: other case, marks or white space are no change."""
    (first, *rest), (before, *others) = response.split() or [""], visible(prompt_to_repeat).split()
    if not reader.words(first) or bare(first) == bare(before):
        return Outcome(False, f'"{first}" is no other word than "{before}"')
    return said(
        rest == others, "the other words are the same", "the other words are not those of the request"
    )


@meaning(
    "copy:repeat_phrase",
    (True, "Tea is hot, tea was hot.", {"phrase": "Tea tastes hot", "small_n": 2}),
    (False, "Tea is hot. Tea tastes hot.", {"phrase": "Tea tastes hot", "small_n": 2}),
)
def repeat_phrase(response: str, *, phrase: Text, small_n: Amount) -> Outcome:
    """The phrase is literal, in any case, whatever marks stand around it, and also across a line break."""
    wanted = [bare(word) for word in reader.words(phrase)]
    found = [bare(word) for word in reader.words(response)]
    changes = []
    for start in range(len(found) - len(wanted) + 1):
        window = found[start : start + len(wanted)]
        if (window[0], window[-1]) == (wanted[0], wanted[-1]):
            changed = sum(mine != its for mine, its in zip(window, wanted, strict=True))
            if changed <= max(1, len(wanted) // 2):  # else it only begins and ends alike
                changes.append(changed)
    if any(changed != 1 for changed in changes):
        return Outcome(False, f"words changed in each repetition: {changes}")
    return Outcome(len(changes) == small_n, f"{len(changes)} repetitions, asked for exactly {small_n}")
