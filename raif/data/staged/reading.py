"""Numbers with their relations, quoted words and negations in a text that asks for something.

English and Chinese: "at least five", "no fewer than 5", 不少于五 are one interval.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

MANY = 10**9
"""No upper bound."""
_SMALL = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_TENS = {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_WORDS = {word: number for number, word in enumerate(_SMALL, 1)} | _TENS
_TIMES = {"once": 1, "twice": 2, "thrice": 3}
_DIGITS = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"两": 2}
_HAN_NUMBER = "[零一二两三四五六七八九十百]+"
NUMBER = {
    "en": rf"(?<![\w.])(?:\d+|{'|'.join([*_TIMES, *_WORDS])})(?![\w]|\.\d)",
    "zh": rf"\d+|{_HAN_NUMBER}",
}
_BEFORE = {
    "at least": r"at least|at the very least|(?:no|not) (?:fewer|less) than|(?:a )?minimum (?:of|is)|"
    r"至少|不少于|不低于|不得少于|不能少于|最少|起码|不下",
    "below": r"(?:fewer|less) than|under|below|short of|少于|不到|低于|小于|不足|未满",
    "at most": r"at most|(?:no|not) more than|(?:a )?maximum (?:of|is)|up to|within|not exceed(?:ing)?|"
    r"不超过|最多|至多|不多于|不得超过|不能超过",
    "above": r"more than|over|above|exceed(?:ing|s)?|greater than|多于|超过|大于|高于",
    "exactly": r"exactly|precisely|just|正好|恰好|刚好|总共|一共|共",
}
_AFTER = {
    "at least": r"or more|or above|and up(?:wards)?|at (?:the )?(?:very )?least|minimum|"
    r"以上|及以上|或更多|起",
    "at most": r"or (?:fewer|less)|at (?:the )?most|maximum|以内|之内|或更少",
}
_NEGATION = re.compile(
    r"\b(?:not|never|no|nor|neither|avoid\w*|without|cannot|refrain\w*|exclud\w+|leav\w+ out|omit\w*|skip|"
    r"keep\w*\b[^.;\n]{1,80}?\bout of|steer clear|ban\w*|forbidden|free (?:of|from)|stay away|"
    r"do without|keep\w* (?:clear|away))\b|n[’']t\b|"
    r"不(?!同|少于|超过|低于|多于|到|断|仅|管|论|得少|能少|得超|能超)|(?<![分特区级类性])别|勿|避免|禁|没有|去掉|"
    r"排除|回避|避开",
    re.IGNORECASE,
)
_DOUBLED = re.compile(r"\b(?:forget|fail|neglect|only|just)\b|忘|漏|缺|只|仅", re.IGNORECASE)
"""What turns a negation into its opposite, or limits it."""
_SENTENCE = re.compile(r"[^.!?;。！？；\n]+(?:[.!?;。！？；]+|\n|$)")
_CLAUSE = re.compile(r"[^,:，：—–]+")
_QUOTED = re.compile(r"\"[^\"\n]+\"|“[^”\n]+”|‘[^’\n]{2,}’|「[^」\n]+」|\[[^\]\n]+\]|<<[^>\n]*>>")


class Text:
    """A text with its sentences; what stands in quotation marks ends none of them."""

    def __init__(self, text: str, language: str) -> None:
        self.text, self.language = text, language
        self.plain = _QUOTED.sub(lambda found: "\x00" * len(found[0]), text)
        self.sentences = [found.span() for found in _SENTENCE.finditer(self.plain)]

    def sentence(self, at: int) -> tuple[int, int]:
        return next(((a, b) for a, b in self.sentences if a <= at < b), (0, len(self.text)))

    def negated(self, at: int) -> bool | None:
        """Whether what stands at a place is forbidden; None if another clause of its sentence says no."""
        start, end = self.sentence(at)
        sentence = self.plain[start:end]
        if not _NEGATION.search(sentence):
            return False
        clauses = [found.span() for found in _CLAUSE.finditer(sentence)]
        own = next((sentence[a:b] for a, b in clauses if a <= at - start < b), sentence)
        return True if len(_NEGATION.findall(own)) == 1 and not _DOUBLED.search(own) else None

    def find(self, word: str) -> int | None:
        """Where a word or phrase stands, in any case."""
        edge = r"\b" if word[:1].isascii() and word[:1].isalnum() else ""
        found = re.search(edge + re.escape(word), self.text, re.IGNORECASE)
        return found.start() if found else None

    def search(self, pattern: str) -> int | None:
        """Where a pattern stands outside quotation marks."""
        found = re.search(pattern, self.plain, re.IGNORECASE)
        return found.start() if found else None


class Interval(NamedTuple):
    """The numbers from `low` to `high`, both included."""

    low: int
    high: int

    def __str__(self) -> str:
        if self.low == self.high:
            return f"exactly {self.low}"
        return f"at most {self.high}" if self.low == 0 else f"at least {self.low}"


class Mention(NamedTuple):
    """A number in a text, as an interval, with what follows it."""

    interval: Interval | None
    """None: its relation can't be read."""
    at: int
    after: str


def value(number: str) -> int:
    """A number in digits, in English or in Chinese words below a thousand."""
    if number.isdigit():
        return int(number)
    if (word := number.lower()) in _TIMES or word in _WORDS:
        return _TIMES.get(word) or _WORDS[word]
    total = current = 0
    for character in number:
        if character in _DIGITS:
            current = _DIGITS[character]
        else:
            total += (current or 1) * (10 if character == "十" else 100)
            current = 0
    return total + current


def mentions(text: Text) -> Iterator[Mention]:
    """The numbers outside quotation marks."""
    for found in re.finditer(NUMBER[text.language], text.plain, re.IGNORECASE):
        before, after = text.plain[: found.start()][-32:], text.plain[found.end() :][:40]
        yield Mention(_interval(value(found[0]), before, after), found.start(), after)


def _interval(number: int, before: str, after: str) -> Interval | None:
    tail = re.split(r"[.;,:!?。；，：！？\n]", before)[-1]
    relation = _relation(tail, _BEFORE, r"(?:{})\s*(?:(?:the|a)\s+|[\u4e00-\u9fff]{{1,4}})?$")
    if relation is None:
        head = re.split(r"[.;,:!?。；，：！？\n]", after)[0]
        relation = _relation(head, _AFTER, r"^\s*(?:[\w\x00-]+\s+){{0,3}}?[\w\x00]{{0,6}}?(?:{})")
    if relation == "both":
        return None
    low, high = {
        "at least": (number, MANY),
        "above": (number + 1, MANY),
        "below": (0, number - 1),
        "at most": (0, number),
    }.get(relation or "exactly", (number, number))
    return Interval(low, high)


def _relation(text: str, table: dict[str, str], frame: str) -> str | None:
    """The relation whose words are the longest match: "no fewer than" has "fewer than" in it.

    "In all" (一共) says exactly how many unless another relation follows it.
    """
    found = [
        (name == "exactly", match.start(), -len(match[0]), name)
        for name, words in table.items()
        if (match := re.search(frame.format(words), text, re.IGNORECASE))
    ]
    return min(found)[-1] if found else None


def expected(relation: str, bound: int) -> Interval:
    return Interval(bound, MANY) if relation == "at least" else Interval(0, bound - 1)


def numbers(text: Text) -> set[int]:
    """All numbers in a text, apart from those that number a list's lines."""
    plain = re.sub(r"^\s*\(?\d+[.)、]", "", text.text, flags=re.MULTILINE)
    found = {int(number) for number in re.findall(r"\d+", plain)}
    return found | {value(number) for number in re.findall(NUMBER[text.language], plain, re.IGNORECASE)}
