"""How a judge's reply to CFBench's checklist is read: a score for each criterion, or None.

Asked for are the criteria in order, each followed by a tab and 1 or 0, with blank lines in between. The
released programs make something of replies that are otherwise, each in its own way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from raif.config.eval import Dialect
from raif.text.rouge import rouge_l

ALIKE = 0.5
"""ROUGE-L F above which the method's authors take two texts for the same."""
_SCORE = re.compile(r"[\t ]([01])(?:\.0)?$")
_NUMBERING = re.compile(r"^\W*\d{1,2}[.、)）]\s*")


@dataclass(frozen=True, slots=True)
class Judgment:
    """`scores`, as written: one a criterion where `parsed` is 1; 0 and -1 come from the released fallback."""

    scores: tuple[str, ...]
    parsed: int = 1


def read(reply: str, criteria: Sequence[str], dialect: Dialect) -> Judgment | None:
    """The scores in a reply; None where it can't be read (upstream: where its program crashes)."""
    if dialect == "sound":
        return _sound(reply, criteria)
    scores = (strict if dialect == "upstream" else _aligned)(reply, criteria)
    return Judgment(tuple(scores)) if scores is not None else _fallback(reply, crashes=dialect == "upstream")


def _sound(reply: str, criteria: Sequence[str]) -> Judgment | None:
    """Each criterion is found by its letters and digits, and has one score, wherever it stands."""
    found: dict[str, set[str]] = {}
    for text, score in _entries(reply):
        found.setdefault(_letters(text), set()).add(score)
    scores = [found.get(_letters(criterion), set()) for criterion in criteria]
    if any(len(each) != 1 for each in scores):
        return None
    return Judgment(tuple(score for each in scores for score in each))


def _entries(reply: str) -> Iterator[tuple[str, str]]:
    """A text of one or more lines without a blank one, and the score at its end."""
    text = ""
    for line in map(str.rstrip, reply.split("\n")):
        if score := _SCORE.search(line):
            yield text + line[: score.start()], score[1]
        text = "" if score or not line else text + line


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", _NUMBERING.sub("", text.strip())).lower()


def strict(reply: str, criteria: Sequence[str]) -> list[str] | None:
    """The upstream program's: letter by letter as asked for, else None."""
    pieces = [piece.split("\t") for piece in reply.split("\n\n")]
    if len(pieces) != len(criteria) or any(len(piece) != 2 for piece in pieces):
        return None
    scores = [score.strip() for _, score in pieces]
    same = [text for text, _ in pieces] == list(criteria)
    return scores if same and all(map(_is_score, scores)) else None


def _fallback(reply: str, *, crashes: bool) -> Judgment | None:
    """Only the ones of lines with one tab; zeros are lost, so that a single 1 is a perfect score."""
    lines = [line.split("\t") for line in reply.split("\n")]
    scores = [line[1].strip() for line in lines if len(line) == 2]
    if crashes and not all(map(_is_number, scores)):
        return None
    ones = tuple(score for score in scores if _is_score(score) and float(score))
    return Judgment(ones, 0) if ones else Judgment(("0",), -1)


def _aligned(reply: str, criteria: Sequence[str]) -> list[str] | None:
    """That of the method's authors: pieces and criteria in pairs, 0 where the two are not alike."""
    if reply == "Error":
        return None
    criteria = [criterion.strip() for criterion in criteria]
    pieces = [piece.strip() for piece in reply.split("\n\n" if "\n\n" in reply else "\n")]
    pairs = [_pair(piece) for piece in pieces if piece]
    if len(pairs) != len(criteria):
        return ["1" if _gathered(pairs, criterion) else "0" for criterion in criteria]
    return [
        score if _same(text, criterion) and _is_score(score) else "0"
        for (text, score), criterion in zip(pairs, criteria, strict=True)
    ]


def _pair(piece: str) -> tuple[str, str]:
    parts = [part.strip() for part in piece.split("\t" if "\t" in piece else " ") if part.strip()]
    return (parts[0], parts[1]) if len(parts) == 2 else (parts[0], "0")


def _gathered(pairs: Sequence[tuple[str, str]], criterion: str) -> bool:
    """Officially each piece that is found hands on the score of the last one, not its own."""
    return any(_same(text, criterion) for text, _ in pairs) and pairs[-1][1] == "1"


def _same(text: str, criterion: str) -> bool:
    return text in criterion or rouge_l(text, criterion) > ALIKE


def _is_number(score: str) -> bool:
    try:
        float(score)
    except ValueError:
        return False
    return True


def _is_score(score: str) -> bool:
    return _is_number(score) and float(score) in (0, 1)
