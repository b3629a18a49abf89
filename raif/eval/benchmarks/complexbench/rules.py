"""ComplexBench's rules: which parts of an answer a judge points out, and whether a rule holds for them.

Wen et al. 2024, https://arxiv.org/abs/2407.03978. A rule is a text such as `model_length_each:[1,20]`, or two
joined by a line break. It means the first row of the tables below whose markers it contains, even in its
argument. Its argument, what the rule asks for, is read from the rule's end; lists are split at commas, so
that words can't contain any. ConstraintError stands for what the official code crashes on.
"""

from __future__ import annotations

import ast
import json
import re
import string
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple

from raif.errors import ConstraintError

Verdict = bool | Literal[2]
UNKNOWN: Literal[2] = 2
"""There is no such rule. It counts as failed in some of the benchmark's rates and as passed in others."""

_MARKER = "【模型回复中评分问题的评测对象】\n"
_NOTES = ("\n\n请注意", "\n\n**注意", "\n\n注意")
_LABELS = ("评分对象：", "评测对象：", "：")
_WIDE = str.maketrans("!#$%&()*,.:;?\\^“”", '！＃＄％＆（）＊，。：；？＼＾""')


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
    """Whether the rule holds for the objects, or UNKNOWN.

    Raises ConstraintError if the rule can't be read. The official code crashes then, as it does on every
    `keyword:[..]` with `forbidden_word:[..]`.
    """
    if row := _meant(_OF_OBJECTS, rule):
        return row.empty if not found or list(found) == [""] else row.test(rule, row.name, found)
    if "model" in rule or "each" in rule:
        return UNKNOWN
    first = found[0] if found else ""
    return _of_whole(rule, unquoted(first)) or _of_whole(rule, first)


def _of_whole(rule: str, text: str) -> Verdict:
    """An object that contains "None" counts as empty."""
    row = _meant(_OF_WHOLE, rule)
    if row is None:
        return UNKNOWN
    return row.empty if text == "" or "None" in text else row.test(rule, row.name, [text])


_Test = Callable[[str, str, Sequence[str]], bool]
"""(rule, its name, objects) -> whether it holds for them."""
_View = Callable[[str], tuple[str, ...]]
"""The forms of an object, one of which has to pass."""


class _Row(NamedTuple):
    name: str
    test: _Test
    empty: bool = False
    """The verdict if there is nothing to check."""
    other: str = ""
    """A second marker."""
    unless: str = "\0"


def _meant(rows: Sequence[_Row], rule: str) -> _Row | None:
    return next((r for r in rows if r.name in rule and r.other in rule and r.unless not in rule), None)


def _each(read: Callable[[str, str], Any], view: _View, holds: Callable[[str, Any], bool]) -> _Test:
    """A test of every object that is not empty."""

    def test(rule: str, name: str, found: Sequence[str]) -> bool:
        asked = read(rule, name)
        return all(any(holds(form, asked) for form in view(one)) for one in found if one != "")

    return test


def _first(read: Callable[[str, str], Any], view: _View, holds: Callable[[str, Any], bool]) -> _Test:
    """A test of the first object alone."""

    def test(rule: str, name: str, found: Sequence[str]) -> bool:
        asked = read(rule, name)
        return any(holds(form, asked) for form in view(found[0]))

    return test


def _number(rule: str, name: str, found: Sequence[str]) -> bool:
    return within(len(found), read_values(rule, name))


def _starts_with_list(rule: str, name: str, found: Sequence[str]) -> bool:
    prefixes = read_words(rule, name)
    if len(found) != len(prefixes):
        return False
    pairs = zip(found, prefixes, strict=True)
    return all(starts(normal(one), prefix) for one, prefix in pairs if one != "")


def _ends_each(rule: str, name: str, found: Sequence[str]) -> bool:
    """If there are several objects, the last is never checked."""
    kept = found if len(found) == 1 else found[:-1]
    return _each(read_text, _plain_or_unquoted, ends)(rule, name, kept)


def _raw(text: str) -> tuple[str, ...]:
    return (text,)


def _plain(text: str) -> tuple[str, ...]:
    return (normal(text),)


def _raw_or_unquoted(text: str) -> tuple[str, ...]:
    return (text, unquoted(text))


def _plain_or_unquoted(text: str) -> tuple[str, ...]:
    return _raw_or_unquoted(normal(text))


def _unquoted(text: str) -> tuple[str, ...]:
    return (unquoted(text),)


def read_line(rule: str, name: str) -> str:
    """`name:text` on the last line."""
    return _groups(rule, f"{name}:(.*?)")[0]


def read_text(rule: str, name: str) -> str:
    """`name:text` over any number of lines."""
    return _groups(rule, f"{name}:(.*?)", re.DOTALL)[0]


def read_start_and_end(rule: str, name: str) -> tuple[str, str]:
    """The prefix of `startswith:` and the suffix of `endswith:` on the next line."""
    before = name.removesuffix("startswith")
    start, end = _groups(rule, rf"{name}:(.*?)\n{before}endswith:(.*?)", re.DOTALL)
    return start, end


def read_words(rule: str, name: str) -> list[str]:
    """`name:[a, b]` as "a" and "b"."""
    return [word.strip() for word in _split(_groups(rule, rf"{name}:(\[.*?\])")[0])]


def read_counted(rule: str, name: str) -> list[str]:
    """`name:[1,2,a, b]` as "1", "2", "a" and " b", over any number of lines."""
    return _split(_groups(rule, rf"{name}:(\[.*?\])", re.DOTALL)[0])


def read_counted_and_banned(rule: str, name: str) -> tuple[list[str], list[str]]:
    """The same, and the words of `model_forbidden_word_each:` on the next line."""
    pattern = rf"{name}:(\[.*?\])\nmodel_forbidden_word_each:(\[.*?\])"
    first, second = _groups(rule, pattern, re.DOTALL)
    return _split(first), _split(second)


def read_keywords_and_banned(rule: str, name: str) -> tuple[list[str], list[str]]:
    """Both are searched at the rule's end. Two lines, which is what is meant, can't be read."""
    return read_words(rule, name), read_words(rule, "forbidden_word")


def read_values(rule: str, name: str) -> list[Any]:
    """`name:[1, "a"]` as a list of literals. The official code evaluates it as Python."""
    return _literal(rule, _groups(rule, rf"{name}:(\[.*?\])")[0])


def read_long_values(rule: str, name: str) -> list[Any]:
    """The same over any number of lines."""
    return _literal(rule, _groups(rule.strip(), rf"{name}:(\[.*?\])", re.DOTALL)[0])


def _groups(rule: str, pattern: str, flags: re.RegexFlag = re.NOFLAG) -> tuple[str, ...]:
    found = re.search(f"{pattern}$", rule, flags)
    if found is None:
        raise ConstraintError(f"rule {rule!r}: does not end in {pattern.partition(':')[0]}:...")
    return found.groups()


def _split(listed: str) -> list[str]:
    return listed.strip("[]").split(",")


def _literal(rule: str, listed: str) -> list[Any]:
    try:
        return ast.literal_eval(listed)
    except (ValueError, SyntaxError, TypeError):
        raise ConstraintError(f"rule {rule!r}: {listed} is not a list of numbers or quoted texts") from None


def normal(text: str) -> str:
    """With ASCII punctuation in its full-width form, if it has one, and straight double quotes."""
    return text.translate(_WIDE)


def unquoted(text: str) -> str:
    """Without leading line breaks and one pair of quotation marks or backticks.

    Text that consists of line breaks is empty; the official code crashes on it.
    """
    text = text.lstrip("\n")
    quoted = text[:1] in tuple('"“`') and text[-1:] in tuple('"”`')
    return text[1:-1] if quoted else text


def holds_all(text: str, words: Iterable[str]) -> bool:
    return all(normal(word) in text for word in words)


def holds_none(text: str, words: Iterable[str]) -> bool:
    return not any(normal(word) in text for word in words)


def holds_all_but(text: str, wanted_and_banned: tuple[list[str], list[str]]) -> bool:
    wanted, banned = wanted_and_banned
    return holds_all(text, wanted) and holds_none(text, banned)


def counts(text: str, listed: Sequence[str]) -> bool:
    """The text has as many of the words as the first two entries allow. A word listed twice counts twice."""
    return within(sum(normal(word) in text for word in listed[2:]), listed)


def counts_without(text: str, listed_and_banned: tuple[list[str], list[str]]) -> bool:
    listed, banned = listed_and_banned
    return counts(text, listed) and holds_none(text, banned)


def long(text: str, bounds: Sequence[Any]) -> bool:
    """In characters."""
    return within(len(text), bounds)


def wordy(text: str, bounds: Sequence[Any]) -> bool:
    """In words separated by white space."""
    return within(len(text.split()), bounds)


def within(count: int, bounds: Sequence[Any]) -> bool:
    """Whether the count is between the first two of `bounds`, inclusive."""
    try:
        return float(bounds[0]) <= count <= float(bounds[1])
    except (ValueError, IndexError, TypeError):
        raise ConstraintError(f"rule: {bounds!r} does not start with two numbers, from and to") from None


def starts(text: str, prefix: str) -> bool:
    return text.startswith(normal(prefix))


def starts_not(text: str, prefix: str) -> bool:
    return not starts(text, prefix)


def ends(text: str, suffix: str) -> bool:
    """With the suffix, which `。` or `？` can follow, but not `！`."""
    wanted = normal(suffix)
    return text.endswith((wanted, f"{wanted}。", f"{wanted}？"))


def ends_not(text: str, suffix: str) -> bool:
    return not ends(text, suffix)


def starts_and_ends(text: str, both: tuple[str, str]) -> bool:
    return starts(text, both[0]) and ends(text, both[1])


def matches(text: str, target: str) -> bool:
    """The target is not normalised: one that ends in an ASCII full stop can't be matched."""
    return text in (target, f"{target}。", f"{target}.")


def punctuated(text: str, allowed: Iterable[str]) -> bool:
    """Has no punctuation but the allowed. Only the normal forms of ASCII's 32 marks are searched for."""
    marks = {normal(mark) for mark in string.punctuation} - {normal(mark) for mark in allowed}
    return marks.isdisjoint(text)


def has_keys(text: str, keys: Sequence[str]) -> bool:
    """The first balanced braces hold a JSON object, with exactly the named keys if any are named."""
    named = [key for key in keys if key != ""]
    try:
        found = json.loads(_braced(text))
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, dict):
        return False
    return not named or (len(named) == len(found) and all(key in found for key in named))


def _braced(text: str) -> str:
    """Braces inside strings count too, and a closing brace that comes first is never balanced."""
    depth = start = 0
    for position, character in enumerate(text):
        if character == "{":
            start = start if depth else position
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return text[start : position + 1]
    return ""


# Which texts are normalised, and which lists can span several lines, is as inconsistent as officially.
_OF_OBJECTS = (
    _Row("model_keyword_each", _each(read_words, _plain, holds_all)),
    _Row(
        "model_keyword_num_each",
        _each(read_counted_and_banned, _raw, counts_without),
        other="model_forbidden_word_each",
    ),
    _Row("model_keyword_num_each", _each(read_counted, _raw, counts)),
    _Row("model_keyword_num", _first(read_words, _raw, counts)),
    _Row("model_keyword", _first(read_words, _raw, holds_all)),
    _Row("model_forbidden_word_each", _each(read_words, _plain, holds_none), empty=True),
    _Row("model_forbidden_word", _first(read_words, _raw, holds_none), empty=True),
    _Row("model_number_each", _number),
    _Row("model_length_each", _each(read_values, _raw_or_unquoted, long)),
    _Row("model_length_word_each", _each(read_values, _raw_or_unquoted, wordy)),
    _Row("model_length_word", _first(read_values, _raw_or_unquoted, wordy)),
    _Row("model_length", _first(read_values, _raw_or_unquoted, long), other="model_length:"),
    _Row("model_startswith_each", _each(read_text, _plain, starts)),
    _Row("model_starts_with_list_each", _starts_with_list),
    _Row(
        "model_startswith",
        _first(read_start_and_end, _plain, starts_and_ends),
        other="model_endswith",
    ),
    _Row("model_startswith", _first(read_text, _plain, starts)),
    _Row("model_endswith_each", _ends_each),
    _Row("model_endswith", _first(read_text, _plain, ends)),
    _Row("model_constraint_punc_each", _each(read_words, _plain_or_unquoted, punctuated)),
    _Row("model_constraint_punc", _first(read_words, _unquoted, punctuated)),
    _Row("model_not_startswith", _first(read_text, _plain, starts_not), empty=True),
    _Row("model_not_endswith_each", _each(read_text, _plain, ends_not), empty=True),
    _Row("model_not_endswith", _first(read_text, _plain, ends_not), empty=True),
)
_OF_WHOLE = (
    _Row(
        "keyword",
        _first(read_keywords_and_banned, _plain, holds_all_but),
        other="forbidden_word",
    ),
    _Row("keyword", _first(read_words, _plain, holds_all), unless="keyword_num"),
    _Row("match", _first(read_line, _plain, matches)),
    _Row("constraint_punc", _first(read_words, _plain, punctuated)),
    _Row("forbidden_word", _first(read_words, _plain, holds_none), empty=True),
    _Row("startswith", _first(read_start_and_end, _plain, starts_and_ends), other="endswith"),
    _Row("startswith", _first(read_text, _plain, starts)),
    _Row("not endswith", _first(read_text, _plain, ends_not), empty=True),
    _Row("endswith", _first(read_text, _plain, ends)),
    _Row("length_word", _first(read_long_values, _plain, wordy), other="length_word:"),
    _Row("length", _first(read_long_values, _plain, long), other="length:"),
    _Row("Json", _first(read_long_values, _raw, has_keys)),
)
