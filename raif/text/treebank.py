"""Word tokens in the style of the Penn Treebank, as two releases of NLTK cut them, whichever is installed.

Newer releases make a dash between words a token of its own, and so the apostrophe before a word. Each rule
rewrites the sentence that the rules before it left; in the end, tokens are what white space separates.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from raif.text.release import CURRENT, PUBLISHED, Release


class _Rule(NamedTuple):
    find: str
    put: str


_OPENING = (
    _Rule(r"[«“‘„]|`+", r" \g<0> "),
    _Rule(r'\A"', "``"),
    _Rule("``", " `` "),
    _Rule(r"""([ ([{<])(?:"|'')""", r"\1 `` "),
)
_APOSTROPHE: dict[Release, _Rule] = {
    "3.9": _Rule(r"(?i)'(?!re|ve|ll|[mtsdn])(\w)\b", r"' \1"),
    "3.10": _Rule(r"(?i)(?<!\w)'(?!(?:re|ve|ll|[mtsdn])\b)(?=\w)", "' "),
}
_FULL_STOP_AND_QUOTES = _Rule(r"""([^.])\.([])}>"'»”’ ]*+)\s*$""", r"\1 . \2 ")
_COMMAS = (
    _Rule(r"([:,])(\D)", r" \1 \2"),
    _Rule("[:,]$", r" \g<0> "),
    _Rule(r"\.{2,}", r" \g<0> "),
    _Rule("[;@#$%&]", r" \g<0> "),
)
_DASHES = _Rule("[\u2012-\u2015]", r" \g<0> ")
_OTHER_MARKS = (
    _Rule(r"""([^.])\.([])}>"']*)\s*$""", r"\1 .\2 "),
    _Rule("[?!]", r" \g<0> "),
    _Rule("([^'])' ", r"\1 ' "),
    _Rule(r"\*", " * "),
    _Rule(r"[][(){}<>]", r" \g<0> "),
    _Rule("--", " -- "),
)
_CLOSING = (
    _Rule("[»”’]", r" \g<0> "),
    _Rule("''", " '' "),
    _Rule('"', " '' "),
    _Rule(r"\s+", " "),
    _Rule("([^' ])('[sSmMdD]|') ", r"\1 \2 "),
    _Rule("([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ", r"\1 \2 "),
)
_TWO_WORDS = (
    *(
        _Rule(rf"(?i)\b({one})({other})\b", r" \1 \2 ")
        for one, other in (("can", "not"), ("d", "'ye"), ("gim", "me"), ("gon", "na"), ("got", "ta"))
    ),
    _Rule(r"(?i)\b(lem)(me)\b", r" \1 \2 "),
    _Rule(r"(?i)\b(more)('n)\b", r" \1 \2 "),
    _Rule(r"(?i)\b(wan)(na)(?=\s)", r" \1 \2 "),
    _Rule(r"(?i) ('t)(is)\b", r" \1 \2 "),
    _Rule(r"(?i) ('t)(was)\b", r" \1 \2 "),
)


def cut(sentence: str, release: Release = PUBLISHED) -> list[str]:
    """The tokens of one sentence: `"don't"` is ``` `` do n't '' ```."""
    before, after = _rules(release)
    for substitute, put in before:
        sentence = substitute(put, sentence)
    sentence = f" {sentence} "
    for substitute, put in after:
        sentence = substitute(put, sentence)
    return sentence.split()


Substitutions = list[tuple[Callable[[str, str], str], str]]


@cache
def _rules(release: Release) -> tuple[Substitutions, Substitutions]:
    """The compiled rules before and after the sentence is put between spaces.

    The newer release uses the package `regex`, for which vowel signs are part of a word.
    """
    engine: Any = re
    if release == CURRENT:
        import regex

        engine = regex
    dashes = (_DASHES,) if release == CURRENT else ()
    before = (*_OPENING, _APOSTROPHE[release], _FULL_STOP_AND_QUOTES, *_COMMAS, *dashes, *_OTHER_MARKS)
    # Contractions are found by `re` in both.
    return (
        [(engine.compile(rule.find).sub, rule.put) for rule in before],
        [(engine.compile(rule.find).sub, rule.put) for rule in _CLOSING]
        + [(re.compile(rule.find).sub, rule.put) for rule in _TWO_WORDS],
    )
