"""Punctuation: marks that may not occur, brackets and quotation marks, and hyphens between sentences."""

from __future__ import annotations

import re

from raif.constraints.kind import Outcome
from raif.constraints.plain.common import meaning
from raif.text import reader

_OPENS = {")": "(", "]": "[", "}": "{"}
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)|(?<=s)['’](?=\s)")
_QUOTE = re.compile(r"\"[^\"]*\"|“[^”]*”|«[^»]*»")


def _without(response: str, marks: str, name: str) -> Outcome:
    found = sum(map(response.count, marks))
    return Outcome(not found, f"{found} {name}, asked for none")


@meaning("punctuation:no_comma", (True, "Red and blue", {}), (False, "Red，blue", {}))
def no_comma(response: str) -> Outcome:
    """Commas of other scripts are commas, too."""
    return _without(response, ",，،﹐､", "commas")


@meaning("rlvr:validate_no_commas", (True, "Red and blue", {}), (False, "Red，blue", {}))
def validate_no_commas(response: str) -> Outcome:
    """Commas of other scripts are commas, too."""
    return _without(response, ",，،﹐､", "commas")


@meaning("punctuation:punctuation_dot", (True, "Tea!", {}), (False, "Tea…", {}))
def punctuation_dot(response: str) -> Outcome:
    """An ellipsis has dots, and full stops of other scripts are full stops, too."""
    return _without(response, ".…．。｡", "dots")


@meaning("punctuation:punctuation_exclamation", (True, "Tea.", {}), (False, "Tea！", {}))
def punctuation_exclamation(response: str) -> Outcome:
    """Full-width, inverted and double exclamation marks count, too."""
    return _without(response, "!！¡‼⁉❗❕", "exclamation marks")


@meaning(
    "format:parentheses",
    (True, "([{([tea])}])", {}),
    (False, "((((( tea )", {}),
)
def parentheses(response: str) -> Outcome:
    """All five levels are closed."""
    levels: list[str] = []
    deepest = closed = 0
    for mark in response:
        if mark in "([{":
            levels.append(mark)
            deepest = max(deepest, len(levels))
        elif mark in _OPENS:
            if not levels or levels.pop() != _OPENS[mark]:
                levels, deepest = [], 0
            elif not levels:
                closed, deepest = max(closed, deepest), 0
    return Outcome(closed >= 5, f"{closed} levels, all of them closed, asked for at least 5")


@meaning(
    "format:quotes",
    (True, '"He said \'I heard "tea" there\' then."', {}),
    (False, "It's Ann's 'dog's' tea", {}),
)
def quotes(response: str) -> Outcome:
    """Apostrophes within words are no quotation marks, and curly marks are."""
    levels: list[str] = []
    deepest = 0
    for mark in _APOSTROPHE.sub("", response.translate(str.maketrans("“”‘’", "\"\"''"))):
        if levels and mark == levels[-1]:
            levels.pop()
            if deepest - len(levels) >= 3 and not levels:
                return Outcome(True, "three levels closed")
            deepest = deepest if levels else 0
        elif mark in "\"'":
            levels.append(mark)
            deepest = max(deepest, len(levels))
    return Outcome(False, f"{deepest} levels, but never three of them closed")


@meaning(
    "format:quote_unquote",
    (True, "“Tea” is a drink.", {}),
    (False, "A drink is “tea”.", {}),
    (False, '"Tea", "milk" are drinks.', {}),
)
def quote_unquote(response: str) -> Outcome:
    """Curly quotes are quotes, and words stand between one quote and the next, and after the last."""
    after = _QUOTE.split(response)[1:]
    bare = sum(1 for text in after if len(reader.words(text)) < 2)
    return Outcome(not bare, f"{bare} of {len(after)} quotes without words of explanation after them")


@meaning(
    "detectable_format:sentence_hyphens",
    (True, "Mr. Lee came.-“He left!”", {}),
    (False, "It is hot. It is well-known.", {}),
    (False, "One. Two.-Three.", {}),
)
def sentence_hyphens(response: str) -> Outcome:
    """Exactly one of IFEval's sentences, with its mark, stands between any two hyphens."""
    for part in response.strip().split("-"):
        joined = re.search(r"[.!?][\"'”’]?[–—]", part)
        if part != part.strip() or joined or len(reader.sentences(part)) != 1 or not reader.end_mark(part):
            return Outcome(False, f'"{part[:40]}" is not one sentence between hyphens')
    return Outcome(True, "hyphens join the sentences")
