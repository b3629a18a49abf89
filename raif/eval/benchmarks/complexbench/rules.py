"""ComplexBench's rules: which parts of an answer a judge has pointed out, and whether a rule holds of them.

Wen et al. 2024, https://arxiv.org/abs/2407.03978. A rule is a text such as `model_length_each:[1,20]`, or two
joined by a line break. It means the first row of the tables whose markers it contains, even in its argument.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from raif.eval.benchmarks.complexbench import arguments as given
from raif.eval.benchmarks.complexbench import text as seen

Verdict = bool | Literal[2]
UNKNOWN: Literal[2] = 2
"""No such rule. It counts as failed in some of the benchmark's rates and as passed in others."""

_MARKER = "【模型回复中评分问题的评测对象】\n"
_NOTES = ("\n\n请注意", "\n\n**注意", "\n\n注意")
_LABELS = ("评分对象：", "评测对象：", "：")


def objects(answer: str | None, reply: str | None) -> list[str]:
    """The parts of the answer that the judge's reply points out: all of it, none, or copied spans."""
    if answer is None or reply is None:
        return []
    text = reply.rpartition(_MARKER)[2]
    for note in _NOTES:
        text = text.rsplit(note, maxsplit=1)[0]
    label = next((label for label in _LABELS if label in text), None)
    text = text.rpartition(label)[2] if label else text
    if text.startswith("all"):
        return [answer]
    return [] if "None" in text else [part.strip() for part in text.split("||")]


def judge(rule: str, found: Sequence[str]) -> Verdict:
    """Whether the rule holds of the objects, or UNKNOWN.

    ConstraintError where the rule can't be read: there the official code crashes, as it does on every
    `keyword:[..]` with `forbidden_word:[..]`.
    """
    if row := _meant(_OF_OBJECTS, rule):
        return row.empty if not found or list(found) == [""] else row.test(rule, row.name, found)
    if "model" in rule or "each" in rule:
        return UNKNOWN
    first = found[0] if found else ""
    return _of_whole(rule, seen.unquoted(first)) or _of_whole(rule, first)


def _of_whole(rule: str, text: str) -> Verdict:
    """An object that says "None" is as good as none."""
    row = _meant(_OF_WHOLE, rule)
    if row is None:
        return UNKNOWN
    return row.empty if text == "" or "None" in text else row.test(rule, row.name, [text])


_Test = Callable[[str, str, Sequence[str]], bool]
"""Whether a rule of a name holds of all objects."""
_View = Callable[[str], tuple[str, ...]]
"""The forms of an object of which one has to do."""


class _Row(NamedTuple):
    name: str
    test: _Test
    empty: bool = False
    """The verdict where there is nothing to look at."""
    other: str = ""
    """A second marker."""
    unless: str = "\0"


def _meant(rows: Sequence[_Row], rule: str) -> _Row | None:
    return next((r for r in rows if r.name in rule and r.other in rule and r.unless not in rule), None)


def _each(read: Callable[[str, str], Any], view: _View, holds: Callable[[str, Any], bool]) -> _Test:
    """Of every object that is not empty."""

    def test(rule: str, name: str, found: Sequence[str]) -> bool:
        asked = read(rule, name)
        return all(any(holds(form, asked) for form in view(one)) for one in found if one != "")

    return test


def _first(read: Callable[[str, str], Any], view: _View, holds: Callable[[str, Any], bool]) -> _Test:
    """Of the first object alone."""

    def test(rule: str, name: str, found: Sequence[str]) -> bool:
        asked = read(rule, name)
        return any(holds(form, asked) for form in view(found[0]))

    return test


def _number(rule: str, name: str, found: Sequence[str]) -> bool:
    return seen.within(len(found), given.values(rule, name))


def _starts_with_list(rule: str, name: str, found: Sequence[str]) -> bool:
    prefixes = given.words(rule, name)
    if len(found) != len(prefixes):
        return False
    pairs = zip(found, prefixes, strict=True)
    return all(seen.starts(seen.normal(one), prefix) for one, prefix in pairs if one != "")


def _ends_each(rule: str, name: str, found: Sequence[str]) -> bool:
    """Of two and more objects the last is never looked at."""
    kept = found if len(found) == 1 else found[:-1]
    return _each(given.text, _plain_or_unquoted, seen.ends)(rule, name, kept)


def _raw(text: str) -> tuple[str, ...]:
    return (text,)


def _plain(text: str) -> tuple[str, ...]:
    return (seen.normal(text),)


def _raw_or_unquoted(text: str) -> tuple[str, ...]:
    return (text, seen.unquoted(text))


def _plain_or_unquoted(text: str) -> tuple[str, ...]:
    return _raw_or_unquoted(seen.normal(text))


def _unquoted(text: str) -> tuple[str, ...]:
    return (seen.unquoted(text),)


# Which texts are normalised, and which lists may go over several lines, is as uneven as officially.
_OF_OBJECTS = (
    _Row("model_keyword_each", _each(given.words, _plain, seen.holds_all)),
    _Row(
        "model_keyword_num_each",
        _each(given.counted_and_banned, _raw, seen.counts_without),
        other="model_forbidden_word_each",
    ),
    _Row("model_keyword_num_each", _each(given.counted, _raw, seen.counts)),
    _Row("model_keyword_num", _first(given.words, _raw, seen.counts)),
    _Row("model_keyword", _first(given.words, _raw, seen.holds_all)),
    _Row("model_forbidden_word_each", _each(given.words, _plain, seen.holds_none), empty=True),
    _Row("model_forbidden_word", _first(given.words, _raw, seen.holds_none), empty=True),
    _Row("model_number_each", _number),
    _Row("model_length_each", _each(given.values, _raw_or_unquoted, seen.long)),
    _Row("model_length_word_each", _each(given.values, _raw_or_unquoted, seen.wordy)),
    _Row("model_length_word", _first(given.values, _raw_or_unquoted, seen.wordy)),
    _Row("model_length", _first(given.values, _raw_or_unquoted, seen.long), other="model_length:"),
    _Row("model_startswith_each", _each(given.text, _plain, seen.starts)),
    _Row("model_starts_with_list_each", _starts_with_list),
    _Row(
        "model_startswith",
        _first(given.start_and_end, _plain, seen.starts_and_ends),
        other="model_endswith",
    ),
    _Row("model_startswith", _first(given.text, _plain, seen.starts)),
    _Row("model_endswith_each", _ends_each),
    _Row("model_endswith", _first(given.text, _plain, seen.ends)),
    _Row("model_constraint_punc_each", _each(given.words, _plain_or_unquoted, seen.punctuated)),
    _Row("model_constraint_punc", _first(given.words, _unquoted, seen.punctuated)),
    _Row("model_not_startswith", _first(given.text, _plain, seen.starts_not), empty=True),
    _Row("model_not_endswith_each", _each(given.text, _plain, seen.ends_not), empty=True),
    _Row("model_not_endswith", _first(given.text, _plain, seen.ends_not), empty=True),
)
_OF_WHOLE = (
    _Row(
        "keyword",
        _first(given.keywords_and_banned, _plain, seen.holds_all_but),
        other="forbidden_word",
    ),
    _Row("keyword", _first(given.words, _plain, seen.holds_all), unless="keyword_num"),
    _Row("match", _first(given.line, _plain, seen.matches)),
    _Row("constraint_punc", _first(given.words, _plain, seen.punctuated)),
    _Row("forbidden_word", _first(given.words, _plain, seen.holds_none), empty=True),
    _Row("startswith", _first(given.start_and_end, _plain, seen.starts_and_ends), other="endswith"),
    _Row("startswith", _first(given.text, _plain, seen.starts)),
    _Row("not endswith", _first(given.text, _plain, seen.ends_not), empty=True),
    _Row("endswith", _first(given.text, _plain, seen.ends)),
    _Row("length_word", _first(given.long_values, _plain, seen.wordy), other="length_word:"),
    _Row("length", _first(given.long_values, _plain, seen.long), other="length:"),
    _Row("Json", _first(given.long_values, _raw, seen.has_keys)),
)
