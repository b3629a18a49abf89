"""Proportions: of stop words, of kinds of sentences, of letters shared with a given text."""

from __future__ import annotations

import random
from typing import Any

from raif.constraints.ifbench.common import Percentage, no_kwargs
from raif.constraints.kind import Example, Material, Outcome, Text, kind
from raif.text import sentences, words

STOPWORDS = frozenset(
    words("""
    a about above after again against ain all am an and any are aren as at be because been before being below
    between both but by can couldn d did didn do does doesn doing don down during each few for from further
    had hadn has hasn have haven having he her here hers herself him himself his how i if in into is isn it
    its itself just ll m ma me mightn more most mustn my myself needn no nor not now o of off on once only or
    other our ours ourselves out over own re s same shan she should shouldn so some such t than that the their
    theirs them themselves then there these they this those through to too under until up ve very was wasn we
    were weren what when where which while who whom why will with won wouldn y you your yours yourself
    yourselves
    """)
)
"""English stop words, as NLTK's corpus `stopwords` lists them, without those with an apostrophe, such as
"don't": no run of word characters equals one. The rest is the same in its versions of 179 and 198 words."""
_SPREAD = 2
"""Percentage points by which an overlap may be off."""


def _draw_overlap(rng: random.Random, material: Material) -> dict[str, Any]:
    """30 to 90 percent of the prompt, or of a sentence if there is none."""
    reference = material.prompt or "The ferry leaves the harbour at dawn and comes back at night."
    return {"reference_text": reference, "percentage": rng.randint(30, 90)}


def _ending(text: str, marks: str) -> list[int]:
    """For each of `marks`, how many sentences end with it."""
    found = sentences(text)
    return [sum(1 for sentence in found if sentence.endswith(mark)) for mark in marks]


def _trigrams(text: str) -> set[tuple[str, ...]]:
    return set(zip(text, text[1:], text[2:], strict=False))


@kind(
    "ratio:stop_words",
    wordings={
        "en": (
            "Stop words may make up at most {percentage:g}% of all your words.",
            "Keep the share of stop words at or below {percentage:g}%.",
        )
    },
    draw=lambda rng, material: {"percentage": rng.randint(25, 60)},
    examples=(
        Example(True, "The cat sleeps.", {"percentage": 40}),
        Example(False, "It is the cat.", {"percentage": 40}),
    ),
)
def stop_words(response: str, *, percentage: Percentage) -> Outcome:
    r"""The share of NLTK's English stop words among the runs of `\w+`, in any case."""
    found = words(response)
    if not found:
        return Outcome(False, "no words")
    # Multiplied last, as upstream: 7 of 100 are 7.000000000000001 percent.
    share = sum(1 for word in found if word.lower() in STOPWORDS) / len(found) * 100
    return Outcome(share <= percentage, f"{share:.1f}% stop words, asked for at most {percentage:g}%")


@kind(
    "ratio:sentence_type",
    wordings={"en": ("Use two statements for every question.", "Make 2 statements to each 1 question.")},
    draw=no_kwargs,
    examples=(
        Example(True, "It is hot. I know. Is it tea?", {}),
        Example(False, "It is hot. Is it tea?", {}),
    ),
)
def sentence_type(response: str) -> Outcome:
    """Passes without any of either."""
    statements, questions = _ending(response, ".?")
    return Outcome(statements == 2 * questions, f"{statements} statements to {questions} questions")


@kind(
    "ratio:sentence_balance",
    wordings={"en": ("Have as many statements as questions and as exclamations.",)},
    draw=no_kwargs,
    examples=(Example(True, "It is hot. Is it tea? Oh no!", {}), Example(False, "It is hot. Is it tea?", {})),
)
def sentence_balance(response: str) -> Outcome:
    """Passes without any of the three."""
    counts = _ending(response, ".?!")
    shown = "{} statements, {} questions, {} exclamations".format(*counts)
    return Outcome(len(set(counts)) == 1, shown)


@kind(
    "ratio:overlap",
    wordings={
        "en": (
            "Of your answer's trigrams, {percentage:g}% (give or take 2) should also be in this text: "
            '"{reference_text}"',
        )
    },
    draw=_draw_overlap,
    examples=(
        Example(True, "abcdx", {"reference_text": "abcd", "percentage": 66}),
        Example(False, "abcd", {"reference_text": "abcd", "percentage": 66}),
    ),
)
def overlap(response: str, *, reference_text: Text, percentage: Percentage) -> Outcome:
    """Distinct trigrams of characters, not of words."""
    found = _trigrams(response)
    if not found:
        return Outcome(False, "fewer than three characters")
    share = len(found & _trigrams(reference_text)) / len(found) * 100
    return Outcome(
        percentage - _SPREAD <= share <= percentage + _SPREAD,
        f"{share:.1f}% of the trigrams, asked for {percentage:g}%",
    )


@kind(
    "ratio:sentence_words",
    wordings={
        "en": ("Answer in three sentences of as many characters each, and use no word in two of them.",)
    },
    draw=no_kwargs,
    examples=(Example(True, "Tea. Ale. Gin.", {}), Example(False, "Tea. Milk. Gin.", {})),
)
def sentence_words(response: str) -> Outcome:
    """Whether the words differ is not checked, as upstream."""
    lengths = [len(sentence.strip()) for sentence in sentences(response)]
    if len(lengths) != 3:
        return Outcome(False, f"{len(lengths)} sentences, asked for exactly 3")
    return Outcome(len(set(lengths)) == 1, f"sentences of {lengths} characters")
