"""What a judge of FollowBench says: a list of YES and NO on its last line, one for each added constraint."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from raif.eval.benchmarks.followbench.text import Language

_NO: Mapping[Language, frozenset[str]] = {
    "en": frozenset({"NO", "PARTIAL", "MAYBE", "UNKNOWN", "N/A"}),
    "zh": frozenset({"NO", "PARTIAL", "PARTIALLY", "MAYBE", "UNKNOWN"}),
}
_LONGEST = 2000
"""Characters of a list; a longer one is no list of five words."""
_STRAIGHT = str.maketrans("“”", '""')


def read(reply: str, level: int, language: Language) -> tuple[bool, ...] | None:
    """The verdict on each of the `level` constraints, None where the reply can't be read; both as officially.

    At level 1 the one verdict that the last line contains, YES before NO. Above it a list of as many entries;
    the Chinese script also reads one without quotation marks, and the start of one that is too long.
    """
    last = _last_line(reply, language)
    if level == 1:
        return (True,) if "YES" in last else (False,) if "NO" in last else None
    said = _listed(last, language)
    if language == "zh":
        said = said[:level]
    known = all(one == "YES" or one in _NO[language] for one in said)
    return tuple(one == "YES" for one in said) if known and len(said) == level else None


def _last_line(reply: str, language: Language) -> str:
    if language == "zh":
        reply = reply.translate(_STRAIGHT).strip("`").strip(" ").strip("\n")
    else:
        reply = reply.strip("`").strip()
    return reply.rpartition("\n")[2]


def _listed(line: str, language: Language) -> Sequence[object]:
    start, end = line.find("["), line.rfind("]")
    listed = line[start : end + 1]
    if start < 0 or end < start or len(listed) > _LONGEST:
        return ()
    if language == "zh" and not {"'", '"'} & set(listed):
        return [word.strip() for word in listed[1:-1].split(",")]
    try:
        found = ast.literal_eval(listed)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return ()
    return found if isinstance(found, list) else ()
