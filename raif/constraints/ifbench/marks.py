"""IFBench's family `format`, second half: brackets, quotes, options, emoji, italics, title case."""

from __future__ import annotations

import re
import string
from itertools import zip_longest

from raif.constraints.ifbench.common import Keyword, bare, no_kwargs, trim
from raif.constraints.kind import Example, Outcome, compare, kind
from raif.text import sentences
from raif.text.words import each_token

_OPENS = {")": "(", "]": "[", "}": "{"}
_LETTERED = re.compile(r"\W*[aA]\W*[bB]\W*[cC]")
_UNQUOTED = string.digits + string.punctuation.replace('"', "")
_OPTIONS = ("yes/no/maybe", "I agree or I disagree", "red, green, blue")


@kind(
    "format:parentheses",
    wordings={"en": ("Nest brackets, be they round, square or curly, at least five levels deep.",)},
    draw=no_kwargs,
    examples=(Example(True, "([{([tea])}])", {}), Example(False, "([{(tea)}])", {})),
)
def parentheses(response: str) -> Outcome:
    """Five open at once, then one of the innermost closed: the others may stay open."""
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
        return Outcome(False, "nowhere five levels, the innermost of them closed")
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
    """An apostrophe is a quotation mark too."""
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
    return Outcome(False, f"{deepest} levels, and never three of them closed")


@kind(
    "format:quote_unquote",
    wordings={"en": ("Explain each thing that you quote, in words outside the quotation marks.",)},
    draw=no_kwargs,
    examples=(Example(True, '"Tea" is a drink.', {}), Example(False, 'A drink is "tea".', {})),
)
def quote_unquote(response: str) -> Outcome:
    """Two marks in a row fail, and so does one at the end; white space and curly marks are ignored."""
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

    They are split at "/", else at "or", be it inside a word, else at commas.
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
    """One of the last two characters is an emoji, or the first of the next sentence."""
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
    """One italic part with text after it. Upstream measures <em> as if it were <i>: it is never empty."""
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
    """Mixed case passes, as in "iPhone". "Don't" fails: the tokenizer cuts it before "n't"."""
    wrong = next((token for token in each_token(response) if _small(token)), None)
    return Outcome(wrong is None, f'"{wrong}"' if wrong else "every word begins with a capital")


def _small(token: str) -> bool:
    """Begins in lower case, and the rest is all of one case."""
    rest = token[1:]
    return token[0].isalpha() and token[0].islower() and (not rest or rest.islower() or rest.isupper())
