"""What FollowBench's rules ask for at each of five levels, where a level adds to those before it.

Each rule is tied to one text of the data, in its English and its Chinese version.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from raif.eval.benchmarks.followbench.text import View

Check = Callable[[View], bool]

_BREAK = re.compile(r"(?<=[.?])(?<!\w\.\w.)(?<![A-Z][a-z]\.)\s")
_POINT = re.compile(r"\*\*\d.+?:")
_NUMBERS = ("1.", "2.", "3.", "4.", "5.")


def suggestions(view: View, level: int) -> bool:
    """The rule format_22. The fifth level asks for one paragraph more than those before it.

    In English "1." counts as a sentence of one word, which is too short: levels 4 and 5 can't be met.
    """
    paragraphs = view.text.split("\n\n")
    checks: tuple[Check, ...] = (
        lambda view: len(paragraphs) == (3 if level < 5 else 4),
        lambda view: all(len(view.part(one).sentences) < 3 for one in paragraphs[:3]),
        lambda view: all(view.part(sentence).words > 20 for sentence in view.sentences),
        lambda view: all(re.match(r"\s*\d+\.", one) for one in paragraphs if one.strip()),
        lambda view: view.text.endswith("Those are suggestions" if view.language == "en" else "这些是建议"),
    )
    return all(check(view) for check in checks[:level])


def _one_sentence(view: View) -> bool:
    return len(view.sentences) == 1


def _has(english: str, chinese: str) -> Check:
    return lambda view: view.has(english, chinese)


def _lacks(english: str, chinese: str) -> Check:
    return lambda view: not view.has(english, chinese)


def _nth(position: int, check: Check) -> Check:
    """Of one of the sentences, which may be missing."""
    return lambda view: len(view.sentences) > position and check(view.part(view.sentences[position]))


def _names_all(view: View) -> bool:
    wanted = (("Potter", "波特"), ("actor", "演员"), ("films", "电影"))
    return all(_nth(i, _has(*names))(view) for i, names in enumerate(wanted))


def _searched(pattern: str, chinese: str) -> Check:
    """An English pattern; a Chinese word."""

    def check(view: View) -> bool:
        return chinese in view.text if view.language == "zh" else re.search(pattern, view.text) is not None

    return check


_NUMERIC_SINCE_15_1 = frozenset("两京俩倆拐洞皕秭鈎钩")
"""Unicode 15.1, of Python 3.13, gave them a numeric value; the official verdicts are older."""


def _lower(view: View) -> bool:
    """In Chinese: no character with a numeric value, which 一 has too."""
    if view.language == "en":
        return view.text.islower()
    return not any(c.isnumeric() and c not in _NUMERIC_SINCE_15_1 for c in view.text)


def _lacks_procrastination(view: View) -> bool:
    if view.language == "zh":
        return "拖沓的" not in view.text
    return re.search("procrast", view.text, re.IGNORECASE) is None


def _starts(english: str, chinese: str) -> Check:
    return lambda view: view.text.startswith(english if view.language == "en" else chinese)


def _pieces(view: View) -> list[str]:
    """Of format_30: after a full stop or question mark, unless it looks like an abbreviation's."""
    return _BREAK.split(view.text)


def _five_points(view: View) -> bool:
    """Sought up to a line's last colon only: points that none ends would take quadratic time."""
    closed = (line[: line.rfind(":") + 1] for line in view.text.split("\n"))
    return sum(len(_POINT.findall(line)) for line in closed) == 5


def _short_points(view: View) -> bool:
    points = [piece for piece in _pieces(view) if any(number in piece for number in _NUMBERS)]
    return all(piece.count(".") < 2 for piece in points)


def _ten_to_fifteen_words(view: View) -> bool:
    return all(10 <= len(piece.split()) <= 15 for piece in _pieces(view))


def _no_suffix(view: View) -> bool:
    return not any(word.endswith("-ly") for word in view.text.split())


LEVELS: dict[str, tuple[Check, ...]] = {
    "cnn_dailymail": (
        lambda view: len(view.sentences) == 3,
        lambda view: all(view.part(sentence).words < 15 for sentence in view.sentences),
        _names_all,
        lambda view: not _nth(1, _has("lavish", "奢侈"))(view),
        _nth(2, _searched(r"\b(has|have)\s+\w+", "了")),
    ),
    "xsum": (
        _one_sentence,
        lambda view: view.pieces < 20,
        _lacks("Newton Stewart", "牛顿斯图尔特"),
        _searched(r"\b(am|is|are)\s+\w+ing\b", "在"),
        _has("operation", "操作"),
    ),
    "samsum": (
        _one_sentence,
        lambda view: view.pieces < 15,
        _has("stuff", "琐碎的"),
        _lacks_procrastination,
        lambda view: view.marks == 1,
    ),
    "gigaword": (
        lambda view: view.pieces == 8,
        lambda view: view.marks == 0,
        _lower,
        _lacks("bus", "公交车"),
        _has("in", "在"),  # the Chinese instruction forbids it
    ),
    "arxiv": (
        _one_sentence,
        lambda view: view.pieces <= 20,
        _starts("We", "我们"),
        _has("activations", "激活"),
        _lacks("transformer", "transformer"),
    ),
    "format_30": (
        lambda view: "**" in view.text,
        _five_points,
        _short_points,
        _ten_to_fifteen_words,
        _no_suffix,
    ),
}
