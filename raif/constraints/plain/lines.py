"""Lines, their indentation, title case and emoji."""

from __future__ import annotations

from itertools import pairwise

from raif.constraints.kind import Outcome
from raif.constraints.plain.common import listed, meaning, said
from raif.text import reader

_SMALL = frozenset(
    listed("""
    a an the and but or nor for so yet as at by in into of off on onto per to up via with from over than
    vs
    """)
)
_AFTER_MARKS = " \t\n.,!?…;:\"'“”‘’»)]*_~"


@meaning(
    "format:newline",
    (True, "Tea\nis\n\nhot.", {}),
    (False, "Tea is\n \nhot.", {}),
)
def newline(response: str) -> Outcome:
    """Every line has one word; a line of spaces makes up for nothing."""
    lines = [line.split() for line in response.splitlines() if line.strip()]
    wrong = next((" ".join(line) for line in lines if len(line) != 1), None)
    passed = bool(reader.words(response)) and wrong is None
    return said(passed, f"{len(lines)} words on lines of their own", f'more than one word: "{wrong}"')


@meaning(
    "format:line_indent",
    (True, "Tea\n\tis\n\n\t\thot", {}),
    (False, "Tea\n is\n hot", {}),
)
def line_indent(response: str) -> Outcome:
    """Tabs indent, too, and blank lines don't count."""
    lines = [line.expandtabs(4) for line in response.splitlines() if line.strip()]
    depths = [len(line) - len(line.lstrip()) for line in lines]
    wrong = next((i for i, (a, b) in enumerate(pairwise(depths), 2) if a >= b), None)
    return said(wrong is None, "every line further", f"line {wrong} is indented no further")


@meaning(
    "format:title_case",
    (True, "Don't Go to the House of Wax", {}),
    (False, "Don't go Home", {}),
    (False, "the House", {}),
)
def title_case(response: str) -> Outcome:
    """Articles, conjunctions and short prepositions may be small; "Don't" is one word."""
    for sentence in response.splitlines():
        for place, word in enumerate(reader.words(sentence)):
            first = word[:1]
            if first.islower() and (place == 0 or word not in _SMALL) and not any(map(str.isupper, word)):
                return Outcome(False, f'"{word}"')
    return said(bool(reader.words(response)), "every main word begins with a capital", "no words")


@meaning(
    "format:emoji",
    (True, "Hi! 😀 How are you 👋🏽? Fine ❤️.", {}),
    (False, "Hi! How are you? 😀", {}),
    (False, "😀 Hi.", {}),
)
def emoji(response: str) -> Outcome:
    """The emoji stands last in its sentence, before or after the mark."""
    ends: list[str] = []
    for sentence in reader.sentences(response):
        body = _without_emoji_in_front(sentence)
        if ends:
            ends[-1] += sentence[: len(sentence) - len(body)]
        ends.append(body)
    if ends:  # an emoji after the last mark is a sentence of its own for Punkt
        ends[-1] = response[response.rfind(ends[-1]) :]
    wrong = next((number for number, text in enumerate(ends, 1) if not _ends_in_emoji(text)), None)
    passed = bool(ends) and wrong is None
    return said(passed, "an emoji at the end of every sentence", f"no emoji at the end of sentence {wrong}")


def _without_emoji_in_front(text: str) -> str:
    from emoji import is_emoji

    start = 0
    while start < len(text) and (is_emoji(text[start]) or text[start] in " \n\ufe0f\u200d🏻🏼🏽🏾🏿"):
        start += 1
    return text[start:]


def _ends_in_emoji(text: str) -> bool:
    from emoji import is_emoji

    end = text.rstrip(_AFTER_MARKS + "\ufe0f\u200d🏻🏼🏽🏾🏿")
    return bool(end) and is_emoji(end[-1])
