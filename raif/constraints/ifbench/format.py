"""IFBench's family `format`: lines, lists, white space, brackets, quotes, options, emoji and letter case."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise, zip_longest

from raif.constraints.ifbench.common import Keyword, bare, bare_words, no_kwargs, trim
from raif.constraints.kind import Example, Outcome, Text, compare, kind
from raif.text import sentences
from raif.text.words import each_token

_MARKERS = ("...", "SEPARATOR", "!?!?", "-", "+++")
_PARTS = ("My Answer:", "My Conclusion:", "Future Outlook:")
_OPENS = {")": "(", "]": "[", "}": "{"}
_LETTERED = re.compile(r"\W*[aA]\W*[bB]\W*[cC]")
_UNQUOTED = string.digits + string.punctuation.replace('"', "")
_OPTIONS = ("yes/no/maybe", "I agree or I disagree", "red, green, blue")


def _unblanked(lines: Sequence[str]) -> list[str]:
    """The lines that are left by a loop that removes blank ones from the list it walks, as upstream's does.

    It skips the line after each removed one, and removes the first line with the same text.
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
    """As many words as lines. A line of spaces counts, and makes up for a line of two words."""
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
    """Only spaces indent. Some blank lines count: see `_unblanked`."""
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
    """Passes without any bullet; so loosely, without asterisks, everything passes."""
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
    """After a bullet or a blank line there may only be bullets."""
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


@kind(
    "format:parentheses",
    wordings={"en": ("Nest brackets, be they round, square or curly, at least five levels deep.",)},
    draw=no_kwargs,
    examples=(Example(True, "([{([tea])}])", {}), Example(False, "([{(tea)}])", {})),
)
def parentheses(response: str) -> Outcome:
    """Five are open at once, and the innermost is closed. The others may stay open."""
    levels: list[str] = []
    deepest = 0
    for mark in response:
        if mark in "([{":
            levels.append(mark)
            deepest = max(deepest, len(levels))
        elif mark in _OPENS:
            if not levels or levels.pop() != _OPENS[mark]:
                levels, deepest = [], 0
            elif deepest >= 5:
                break
    else:
        return Outcome(False, "no five levels with the innermost closed")
    return compare(deepest, "at least", 5, "levels")


@kind(
    "format:quotes",
    wordings={"en": ("Put quotes in quotes in quotes, with \" and ' in turn: at least three levels.",)},
    draw=no_kwargs,
    examples=(
        Example(True, '"He said \'I heard "tea" there\' then"', {}),
        Example(False, "\"He said 'tea' then\"", {}),
    ),
)
def quotes(response: str) -> Outcome:
    """An apostrophe counts as a quotation mark."""
    levels: list[str] = []
    deepest = 0
    for mark in response:
        if levels and mark == levels[-1]:
            levels.pop()
            if deepest - len(levels) >= 3:
                return Outcome(True, "three levels closed")
        elif mark in "\"'":
            levels.append(mark)
            deepest = max(deepest, len(levels))
    return Outcome(False, f"{deepest} levels, but never three of them closed")


@kind(
    "format:quote_unquote",
    wordings={"en": ("After each thing that you quote, explain it in words outside the quotation marks.",)},
    draw=no_kwargs,
    examples=(Example(True, '"Tea" is a drink.', {}), Example(False, 'A drink is "tea".', {})),
)
def quote_unquote(response: str) -> Outcome:
    """Two quotation marks in a row fail, and one at the end. White space and curly marks are ignored."""
    text = "".join(response.replace("'\"'", "").split())
    if '""' in text:
        return Outcome(False, "a quote directly after another, or an empty one")
    at_end = text.strip(_UNQUOTED).endswith('"')
    return Outcome(not at_end, f"{'ends' if at_end else 'does not end'} with a quote")


@kind(
    "format:options",
    wordings={"en": ("Reply with one of these options and nothing else: {options}",)},
    draw=lambda rng, material: {"options": rng.choice(_OPTIONS)},
    examples=(
        Example(True, "No!", {"options": "yes/no/maybe"}),
        Example(False, "I say no", {"options": "yes/no/maybe"}),
    ),
)
def options(response: str, *, options: Keyword) -> Outcome:
    """Case and punctuation at the ends don't matter, unless the options are letters that begin with a, b, c.

    They are split at "/", else at "or" (even inside a word), else at commas.
    """
    separator = next((mark for mark in ("/", "or") if mark in options), ",")
    allowed = [option.strip() for option in options.split(separator)]
    given = response
    if not _LETTERED.match(options):
        allowed, given = [trim(option).lower() for option in allowed], trim(response).lower()
    return Outcome(given in allowed, f'"{given[:40]}" for one of {allowed}')


@kind(
    "format:emoji",
    wordings={"en": ("End every sentence with an emoji.", "An emoji should close each sentence.")},
    draw=no_kwargs,
    examples=(Example(True, "Tea 🍵. Milk! 🥛", {}), Example(False, "Tea 🍵. Milk!", {})),
)
def emoji(response: str) -> Outcome:
    """One of the last two characters, or the first of the next sentence, is an emoji."""
    from emoji import is_emoji

    said = [bare(sentence).strip() for sentence in sentences(response)]
    for number, (one, after) in enumerate(zip_longest(said, said[1:], fillvalue=""), 1):
        if not one or not any(map(is_emoji, one[-2:] + after[:1])):
            return Outcome(False, f"no emoji at the end of sentence {number}")
    return Outcome(True, "an emoji at the end of every sentence")


@kind(
    "format:thesis",
    wordings={"en": ("Begin each section with its main claim in italics, as HTML: <i>claim</i>.",)},
    draw=no_kwargs,
    examples=(Example(True, "<i>Tea is hot.</i> It steams.", {}), Example(False, "<i>Tea is hot.</i>", {})),
)
def thesis(response: str) -> Outcome:
    """One italic part with text after it. Upstream measures <em> as if it were <i>, so it is never empty."""
    start = response.find("<i>" if "<i>" in response else "<em>")
    if start < 0:
        return Outcome(False, "no italics")
    text = response[start:]
    end = text.find("</i>" if "</i>" in text else "</em>")
    if end < 0:
        return Outcome(False, "italics that don't end")
    if not text[3:end].strip():
        return Outcome(False, "empty italics")
    follows = bool(text[end + 4 :].strip())
    return Outcome(follows, f"{'text' if follows else 'nothing'} after the italics")


@kind(
    "format:title_case",
    wordings={"en": ("Write everything in title case: each main word begins with a capital.",)},
    draw=no_kwargs,
    examples=(Example(True, "Tea Is Hot And IMPORTANT", {}), Example(False, "Tea Is hot", {})),
)
def title_case(response: str) -> Outcome:
    """Mixed case passes, as in "iPhone". "Don't" fails, because the tokenizer cuts it before "n't"."""
    wrong = next((token for token in each_token(response) if _small(token)), None)
    return Outcome(wrong is None, f'"{wrong}"' if wrong else "every word begins with a capital")


def _small(token: str) -> bool:
    """Begins with a lower-case letter, and the rest has one case."""
    rest = token[1:]
    return token[0].isalpha() and token[0].islower() and (not rest or rest.islower() or rest.isupper())
