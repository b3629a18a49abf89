"""IFBench's family `format`, first half: lines, lists, white space and fixed parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from raif.constraints.ifbench.common import bare, bare_words, no_kwargs
from raif.constraints.kind import Example, Outcome, Text, compare, kind
from raif.text import sentences

_MARKERS = ("...", "SEPARATOR", "!?!?", "-", "+++")
_PARTS = ("My Answer:", "My Conclusion:", "Future Outlook:")


def _unblanked(lines: Sequence[str]) -> list[str]:
    """The lines but for those that a loop takes out which removes blank ones from the list that it walks.

    It skips the line after each one that it removes, and what it removes is the first line of the same text.
    """
    number, removed = 0, Counter[str]()
    while number < len(lines):
        blank = not lines[number].strip()
        removed[lines[number]] += blank
        number += 1 + blank
    kept = []
    for line in lines:
        if removed[line]:
            removed[line] -= 1
        else:
            kept.append(line)
    return kept


@kind(
    "format:newline",
    wordings={"en": ("Put every single word on a line of its own.", "Start a new line after each word.")},
    draw=no_kwargs,
    examples=(Example(True, "Tea\nis\nhot.", {}), Example(False, "Tea is\nhot.", {})),
)
def newline(response: str) -> Outcome:
    """As many words as lines: a line of spaces counts, and makes up for one of two words."""
    lines = sum(1 for line in bare(response).strip().split("\n") if line)
    count = len(bare_words(response))
    return Outcome(lines == count, f"{count} words on {lines} lines")


@kind(
    "format:line_indent",
    wordings={"en": ("Indent each line further than the one before it, like stairs.",)},
    draw=no_kwargs,
    examples=(Example(True, "Tea\n is\n  hot", {}), Example(False, "Tea\n is\n hot", {})),
)
def line_indent(response: str) -> Outcome:
    """Only spaces indent. Some blank lines count, see `_unblanked`."""
    lines = _unblanked(response.split("\n"))
    depths = [len(line) - len(line.lstrip(" ")) for line in lines]
    wrong = next((i for i, (a, b) in enumerate(pairwise(depths), 2) if a >= b), None)
    return Outcome(wrong is None, f"line {wrong} is indented no further" if wrong else "every line further")


@kind(
    "format:list",
    wordings={"en": ("Answer with a list, and mark its items with {sep} instead of bullets.",)},
    draw=lambda rng, material: {"sep": rng.choice(_MARKERS)},
    examples=(
        Example(True, "... tea\n... milk", {"sep": "..."}),
        Example(False, "... tea\n- milk", {"sep": "..."}),
    ),
)
def list_marker(response: str, *, sep: Text) -> Outcome:
    """Anywhere in the text: "......" has two."""
    return compare(response.count(sep), "at least", 2, f"times {sep}")


@kind(
    "format:sub-bullets",
    wordings={"en": ("List bullet points with *, and under each at least one more with -.",)},
    draw=no_kwargs,
    examples=(Example(True, "* tea\n  - green\n* milk\n  - hot", {}), Example(False, "* tea\n* milk", {})),
)
def sub_bullets(response: str) -> Outcome:
    """Passes without any bullet, so that loosely, without the asterisks, everything does."""
    points = response.split("*")[1:]
    without = sum(1 for point in points if "-" not in point)
    return Outcome(not without, f"{without} of {len(points)} asterisks are not followed by a hyphen")


@kind(
    "format:no_bullets_bullets",
    wordings={"en": ("Begin with at least two sentences, then give at least two bullet points with *.",)},
    draw=no_kwargs,
    examples=(
        Example(True, "It is. I know.\n* tea\n* milk", {}),
        Example(False, "It is.\n* tea\n* milk", {}),
    ),
)
def no_bullets_bullets(response: str) -> Outcome:
    """After a bullet or a blank line, only bullets."""
    prose, said, bullets = True, 0, 0
    for line in map(str.strip, response.split("\n")):
        if line.startswith("*"):
            prose, bullets = False, bullets + 1
            if said < 2:
                return Outcome(False, f"{said} sentences before the first bullet, asked for at least 2")
        elif not prose:
            return Outcome(False, "something other than bullets after a blank line or a bullet")
        else:
            prose = bool(line)
            said += len(sentences(line)) if said < 2 else 0  # more of them change nothing
    return compare(bullets, "at least", 2, "bullets")


@kind(
    "format:output_template",
    wordings={
        "en": ("Structure your answer with these three headings: My Answer: My Conclusion: Future Outlook:",)
    },
    draw=no_kwargs,
    examples=(
        Example(True, "My Answer: tea My Conclusion: tea Future Outlook: tea", {}),
        Example(False, "My answer: tea My conclusion: tea Future outlook: tea", {}),
    ),
)
def output_template(response: str) -> Outcome:
    """In any order."""
    missing = [part for part in _PARTS if part not in response]
    return Outcome(not missing, f"no {missing[0]}" if missing else "all three parts")


@kind(
    "format:no_whitespace",
    wordings={"en": ("Use no white space at all: neither spaces nor line breaks.",)},
    draw=no_kwargs,
    examples=(Example(True, "Teaishot.", {}), Example(False, "Tea is hot.", {})),
)
def no_whitespace(response: str) -> Outcome:
    """No character that Python counts as white space."""
    found = sum(map(str.isspace, response))
    return Outcome(not found, f"{found} characters of white space")
