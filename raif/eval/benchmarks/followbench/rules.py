"""FollowBench's rules: whether an answer meets the constraints of a level, for items without a judge.

Jiang et al. 2024, https://arxiv.org/abs/2310.20410. Equal to the official rules. Each is made for one text of
the data, in its English and its Chinese version, and some have mistakes, which are kept here: gigaword's
fifth Chinese constraint requires the word that the instruction forbids, and format 22 counts the "1." it asks
for as a sentence that is too short. English is counted by words, Chinese by characters.
"""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from raif.errors import ConstraintError, did_you_mean

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class View:
    """An answer as the rules of one language see it. White space counts: "One. " is two sentences."""

    text: str
    language: Language

    def part(self, text: str) -> View:
        return View(text, self.language)

    @property
    def sentences(self) -> list[str]:
        pieces = re.split("[.!?]" if self.language == "en" else "[。！？]", self.text)
        return [piece for piece in pieces if piece]

    @property
    def words(self) -> int:
        """Separated by any white space; characters in Chinese."""
        return len(self.text.split()) if self.language == "en" else len(self.text)

    @property
    def pieces(self) -> int:
        """Separated by single spaces, so that there is one between two in a row; characters in Chinese."""
        return len(self.text.split(" ")) if self.language == "en" else len(self.text)

    @property
    def marks(self) -> int:
        """Punctuation characters: those of ASCII, in Chinese also a few others."""
        known = string.punctuation + ("" if self.language == "en" else "，。：’“”")
        return sum(character in known for character in self.text)

    def has(self, english: str, chinese: str) -> bool:
        """Contains the English word as a whole, in this case, or the Chinese one anywhere."""
        if self.language == "zh":
            return chinese in self.text
        return re.search(rf"\b{re.escape(english)}\b", self.text) is not None


_FORMATS: dict[Language, tuple[int, ...]] = {"en": (22, 30), "zh": (22,)}
"""Ids of the examples of the category `format` that have rules."""


def rule_name(*, source: str, category: str, example_id: int, language: Language) -> str | None:
    """The rule of an item, named by its source or as "format_22"; None: it is for the judge.

    Items of the type `example` have a template instead (`matches`). Those of level 0 are not scored.
    """
    if source in _TARGETS or source in LEVELS:
        return source
    return f"format_{example_id}" if category == "format" and example_id in _FORMATS[language] else None


def passes(rule: str, answer: str, *, target: str, level: int, language: Language) -> bool:
    """Whether the answer meets the constraints of level 1 to `level` of the rule.

    Raises ConstraintError if the rule is unknown or the target can't be read.
    """
    view = View(answer, language)
    if rule in _TARGETS:
        return _TARGETS[rule](view, target)
    if rule == "format_22":
        return suggestions(view, level)
    if rule not in LEVELS:
        raise ConstraintError(f"unknown rule {rule!r}", did_you_mean(rule, [*_TARGETS, *LEVELS]))
    return all(check(view) for check in LEVELS[rule][:level])


def matches(template: str, answer: str) -> bool:
    """Whether the whole answer fits an item of the type `example`.

    `template` is the item's target. After the line with the instruction, `{answer}` stands for text of one
    line, so that an answer of several lines never fits. Doubled braces stand for single ones.
    """
    text = template.replace("{instruction}\n", "").replace("{{", "{").replace("}}", "}")
    pieces = text.replace("{answer}", ".*").split(".*")
    return re.fullmatch(".*".join(map(re.escape, pieces)), answer) is not None


def _lines(view: View, target: str) -> bool:
    return set(view.text.split("\n")) <= set(target.split("\n"))


def _listed(view: View, target: str) -> bool:
    try:
        return view.text in ast.literal_eval(target)
    except (ValueError, SyntaxError, TypeError):
        raise ConstraintError(f"target: not a list of texts: {target[:80]}") from None


def _last(english: str, chinese: str | None = None) -> Callable[[View, str], bool]:
    """The last match is the target."""

    def check(view: View, target: str) -> bool:
        found = re.findall(english if view.language == "en" else chinese or english, view.text)
        return bool(found) and found[-1] == target

    return check


_TARGETS: dict[str, Callable[[View, str], bool]] = {
    "E2E": lambda view, target: view.text == target,
    "text_editing": lambda view, target: view.text == target,
    "WIKIEVENTS": _lines,
    "CONLL2003": _listed,
    "BBH_logical": _last(r"\([A-Z]\)"),
    "BBH_time": _last(r"\d{2}/\d{2}/\d{4}"),
    # From a number's first digit only: otherwise long numbers would take quadratic time.
    "gsm_8k": _last(r"\$\d+", r"(?<!\d)\d+美元"),
    "self_made_space": lambda view, target: target in view.text,
}


Check = Callable[[View], bool]

_BREAK = re.compile(r"(?<=[.?])(?<!\w\.\w.)(?<![A-Z][a-z]\.)\s")
_POINT = re.compile(r"\*\*\d.+?:")
_NUMBERS = ("1.", "2.", "3.", "4.", "5.")


def suggestions(view: View, level: int) -> bool:
    """The rule format_22. The fifth level requires one paragraph more than the others.

    In English "1." counts as a sentence of one word, which is too short, so that levels 4 and 5 can't be met.
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


def one_sentence(view: View) -> bool:
    return len(view.sentences) == 1


def _has(english: str, chinese: str) -> Check:
    return lambda view: view.has(english, chinese)


def _lacks(english: str, chinese: str) -> Check:
    return lambda view: not view.has(english, chinese)


def _nth(position: int, check: Check) -> Check:
    """A check of one sentence, which fails if there is no such sentence."""
    return lambda view: len(view.sentences) > position and check(view.part(view.sentences[position]))


def names_all(view: View) -> bool:
    wanted = (("Potter", "波特"), ("actor", "演员"), ("films", "电影"))
    return all(_nth(i, _has(*names))(view) for i, names in enumerate(wanted))


def _searched(pattern: str, chinese: str) -> Check:
    """An English pattern, or a Chinese word."""

    def check(view: View) -> bool:
        return chinese in view.text if view.language == "zh" else re.search(pattern, view.text) is not None

    return check


_NUMERIC_SINCE_15_1 = frozenset("两京俩倆拐洞皕秭鈎钩")
"""They have a numeric value since Unicode 15.1 (Python 3.13); the official verdicts are older."""


def lower_case(view: View) -> bool:
    """In Chinese: no character with a numeric value, which includes 一."""
    if view.language == "en":
        return view.text.islower()
    return not any(c.isnumeric() and c not in _NUMERIC_SINCE_15_1 for c in view.text)


def lacks_procrastination(view: View) -> bool:
    if view.language == "zh":
        return "拖沓的" not in view.text
    return re.search("procrast", view.text, re.IGNORECASE) is None


def _starts(english: str, chinese: str) -> Check:
    return lambda view: view.text.startswith(english if view.language == "en" else chinese)


def _pieces(view: View) -> list[str]:
    """For format_30: split after a full stop or question mark, unless it looks like an abbreviation's."""
    return _BREAK.split(view.text)


def five_points(view: View) -> bool:
    """Searched up to a line's last colon only: points without a colon would take quadratic time."""
    closed = (line[: line.rfind(":") + 1] for line in view.text.split("\n"))
    return sum(len(_POINT.findall(line)) for line in closed) == 5


def short_points(view: View) -> bool:
    points = [piece for piece in _pieces(view) if any(number in piece for number in _NUMBERS)]
    return all(piece.count(".") < 2 for piece in points)


def ten_to_fifteen_words(view: View) -> bool:
    return all(10 <= len(piece.split()) <= 15 for piece in _pieces(view))


def no_suffix(view: View) -> bool:
    return not any(word.endswith("-ly") for word in view.text.split())


LEVELS: dict[str, tuple[Check, ...]] = {
    "cnn_dailymail": (
        lambda view: len(view.sentences) == 3,
        lambda view: all(view.part(sentence).words < 15 for sentence in view.sentences),
        names_all,
        lambda view: not _nth(1, _has("lavish", "奢侈"))(view),
        _nth(2, _searched(r"\b(has|have)\s+\w+", "了")),
    ),
    "xsum": (
        one_sentence,
        lambda view: view.pieces < 20,
        _lacks("Newton Stewart", "牛顿斯图尔特"),
        _searched(r"\b(am|is|are)\s+\w+ing\b", "在"),
        _has("operation", "操作"),
    ),
    "samsum": (
        one_sentence,
        lambda view: view.pieces < 15,
        _has("stuff", "琐碎的"),
        lacks_procrastination,
        lambda view: view.marks == 1,
    ),
    "gigaword": (
        lambda view: view.pieces == 8,
        lambda view: view.marks == 0,
        lower_case,
        _lacks("bus", "公交车"),
        _has("in", "在"),  # the Chinese instruction forbids it
    ),
    "arxiv": (
        one_sentence,
        lambda view: view.pieces <= 20,
        _starts("We", "我们"),
        _has("activations", "激活"),
        _lacks("transformer", "transformer"),
    ),
    "format_30": (
        lambda view: "**" in view.text,
        five_points,
        short_points,
        ten_to_fifteen_words,
        no_suffix,
    ),
}
