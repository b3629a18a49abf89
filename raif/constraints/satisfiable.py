"""Whether constraints can be met together: a table of kinds, and rules on their kwargs.

The table (each kind's `conflicts`) is wider than strict contradiction: it also keeps apart what would be
unclear together, such as two ways to split paragraphs. A rule looks at all constraints with their kwargs and
returns the reason for a real contradiction, or None. Nothing here proves that an answer exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from math import ceil
from typing import Any, NamedTuple

from raif.constraints.kind import KINDS, Kind, find
from raif.text import chinese
from raif.text.langdetect.language import CHINESE, NAMES
from raif.types import Constraint

_WORDS, _SENTENCES = "length_constraints:number_words", "length_constraints:number_sentences"
_CAPITALS, _LETTERS = "change_case:capital_word_frequency", "keywords:letter_frequency"
_LOWERCASE, _UPPERCASE = "change_case:english_lowercase", "change_case:english_capital"
_FREQUENCY, _LANGUAGE = "keywords:frequency", "language:response_language"
_ONCE, _INCREMENT = "keywords:word_once", "count:count_increment_word"
_ENGLISH_LETTERS = "letters:letter_counting"
_SAME_FREQUENCY = (_FREQUENCY, "keywords:word_count_different_numbers")
_SAME_LETTERS = (_LETTERS, "letters:letter_counting2")
"""Kinds of IFTrain that ask for the same as IFEval's."""
_TITLE, _REPEAT = "detectable_format:title", "combination:repeat_prompt"
_UNSPACED = {"ja", "th"}
_NON_LATIN = NAMES.keys() - {"de", "en", "es", "fi", "fr", "it", "pl", "pt", "sw", "vi"}


class Bound(NamedTuple):
    """A kind under the record's semantics, with kwargs that fit it."""

    kind: Kind
    kwargs: dict[str, Any]


def conflicting(one: str, other: str) -> bool:
    """Whether two kinds should not be asked together, in either order; each kind conflicts with itself."""
    return one == other or other in KINDS[one].conflicts or one in KINDS[other].conflicts


def contradiction(constraints: Sequence[Constraint], semantics: str = "official") -> str | None:
    """Why these can't be met together, or None if no reason is known. ConstraintError for bad kwargs.

    `semantics` says what the kinds mean, as `Instruction.semantics` does. A kind may occur twice if its
    values don't clash: IFEval itself has such prompts.
    """
    kinds = [find(item.id, semantics) for item in constraints]
    bound = [Bound(kind, kind.bind(item.kwargs)) for kind, item in zip(kinds, constraints, strict=True)]
    return next((reason for rule in (_table, *RULES) if (reason := rule(bound))), None)


def _table(items: Sequence[Bound]) -> str | None:
    pairs = combinations(sorted({kind.id for kind, _ in items}), 2)
    return next((f"{one} conflicts with {other}" for one, other in pairs if conflicting(one, other)), None)


def different_counts(items: Sequence[Bound]) -> str | None:
    """The same exact number, or the language, is asked for with different values."""
    for name, key in (
        ("length_constraints:number_paragraphs", "num_paragraphs"),
        ("length_constraints:nth_paragraph_first_word", "num_paragraphs"),
        ("detectable_format:number_bullet_lists", "num_bullets"),
        (_LANGUAGE, "language"),
    ):
        values = sorted({kwargs[key] for kwargs in _of(name, items)})
        if len(values) > 1:
            return f"{name} asks for {key} {values[0]!r} and {values[1]!r}"
    return None


def two_first_words(items: Sequence[Bound]) -> str | None:
    first: dict[int, str] = {}
    for kwargs in _of("length_constraints:nth_paragraph_first_word", items):
        nth, word = kwargs["nth_paragraph"], kwargs["first_word"].lower()
        if first.setdefault(nth, word) != word:
            return f"paragraph {nth} can't start with both {first[nth]!r} and {word!r}"
    return None


def two_outer_words(items: Sequence[Bound]) -> str | None:
    """The response, or every sentence, is to begin or to end with different words."""
    for key, whole, each in (
        ("first_word", "first_word:first_word_answer", "first_word:first_word_sent"),
        ("last_word", "last_word:last_word_answer", "last_word:last_word_sent"),
    ):
        words = {kwargs[key].strip().lower() for name in (whole, each) for kwargs in _of(name, items)}
        if len(words) > 1:
            one, other, *_ = sorted(words)
            return f"{key}: can't be both {one!r} and {other!r}"
    return None


def two_ends(items: Sequence[Bound]) -> str | None:
    ends = [kwargs["end_phrase"].strip().lower() for kwargs in _of("startend:end_checker", items)]
    pairs = combinations(sorted(ends, key=len), 2)
    return next((f"can't end with both {a!r} and {b!r}" for a, b in pairs if not b.endswith(a)), None)


def two_starts(items: Sequence[Bound]) -> str | None:
    starts = [
        kwargs["prompt_to_repeat"].strip().lower() for kwargs in _of("combination:repeat_prompt", items)
    ]
    pairs = combinations(sorted(starts, key=len), 2)
    return next((f"can't start with both {a!r} and {b!r}" for a, b in pairs if not b.startswith(a)), None)


def empty_range(items: Sequence[Bound]) -> str | None:
    """An upper bound of zero, or one that another constraint's lower bound already reaches."""
    limits = list(_limits(items))
    for upper in (limit for limit in limits if limit.relation == "less than"):
        lower = [x.bound for x in limits if x.relation == "at least" and x.quantity == upper.quantity]
        # an empty answer fails everything, so there is at least one word and sentence
        needed = max([int(upper.quantity[0] in (_WORDS, _SENTENCES)), *lower])
        if needed >= upper.bound:
            return f"{upper.quantity[0]}: less than {upper.bound} asked for, at least {needed} needed"
    return None


def forbidden_but_required(items: Sequence[Bound]) -> str | None:
    """A text that any answer must contain already violates what is forbidden or limited."""
    for barring in (item for item in items if _bars(item)):
        for name, text in _required(items):
            if not (found := barring.kind.check(text, **barring.kwargs)).passed:
                return f"{name} requires {text!r}, {barring.kind.id} forbids it: {found.reason}"
    return None


def more_sentences_than_words(items: Sequence[Bound]) -> str | None:
    limits = list(_limits(items))
    least = [x.bound for x in limits if x.quantity[0] == _SENTENCES and x.relation == "at least"]
    below = [x.bound for x in limits if x.quantity[0] == _WORDS and x.relation == "less than"]
    if least and below and max(least) >= min(below):
        return f"at least {max(least)} sentences in less than {min(below)} words"
    return None


def title_below_the_request(items: Sequence[Bound]) -> str | None:
    """The request is to come first, and so is the title where that means the top of the text."""
    at_top = [kind for kind, _ in items if kind.id == _TITLE and kind.check is not KINDS[_TITLE].check]
    if at_top and _asked(_REPEAT, items):
        return f"{_REPEAT} and {_TITLE} both come first"
    return None


def case_of_sections(items: Sequence[Bound]) -> str | None:
    """Only section headings are searched for case-sensitively."""
    for kwargs in _of("detectable_format:multiple_sections", items):
        head = kwargs["section_spliter"]
        if _asked(_LOWERCASE, items) and head != head.lower():
            return f"all in lowercase letters, and sections headed {head!r}"
        if _asked(_UPPERCASE, items) and head != head.upper():
            return f"all in capital letters, and sections headed {head!r}"
    return None


def language_does_without(items: Sequence[Bound]) -> str | None:
    """Latin letters in another script; words and sentences in a language without spaces."""
    for kwargs in _of(_LANGUAGE, items):
        code = kwargs["language"]
        barred = {_LETTERS, _CAPITALS} if code in _NON_LATIN else set()
        barred |= {_WORDS, _SENTENCES} if code in _UNSPACED else set()
        if clash := sorted(name for name in barred if _asked(name, items)):
            return f"{clash[0]} can't be asked of a text in {code!r}"
    return None


def chinese_in_another_language(items: Sequence[Bound]) -> str | None:
    codes = [kwargs["language"] for kwargs in _of(_LANGUAGE, items)]
    codes += ["en"] if _asked(_LOWERCASE, items) or _asked(_UPPERCASE, items) else []
    for code in (code for code in codes if code not in CHINESE):
        for name, text in _required(items):
            if chinese.is_chinese(text):
                return f"all in {code!r}, and {name} requires {text!r}"
    return None


class _Limit(NamedTuple):
    quantity: tuple[str, str]
    """The kind, or IFEval's that counts the same, and the keyword, letter or unit ("" if there is none)."""
    relation: str
    bound: float


def _limits(items: Sequence[Bound]) -> Iterator[_Limit]:
    for name, bound, relation, subject in (
        (_WORDS, "num_words", "relation", "unit"),
        (_SENTENCES, "num_sentences", "relation", ""),
        (_CAPITALS, "capital_frequency", "capital_relation", ""),
        *((name, "frequency", "relation", "keyword") for name in _SAME_FREQUENCY),
        *((name, "let_frequency", "let_relation", "letter") for name in _SAME_LETTERS),
        (_ENGLISH_LETTERS, "N", "relation", ""),
    ):
        for kwargs in _of(name, items):
            counted = {_SAME_FREQUENCY[1]: _FREQUENCY, _SAME_LETTERS[1]: _LETTERS}.get(name, name)
            yield _Limit((counted, kwargs.get(subject, "").strip().lower()), kwargs[relation], kwargs[bound])
    for keyword, times in _exact_keywords(items):
        yield _Limit((_FREQUENCY, keyword), "at least", times)
        yield _Limit((_FREQUENCY, keyword), "less than", times + 1)


def _exact_keywords(items: Sequence[Bound]) -> Iterator[tuple[str, int]]:
    """Keywords that must occur exactly so many times."""
    for kwargs in _of(_ONCE, items):
        yield kwargs["keyword"].strip().lower(), 1
    for kwargs in _of(_INCREMENT, items):
        yield kwargs["keyword1"].strip().lower(), 1
        yield kwargs["keyword2"].strip().lower(), 2


_BARRING = frozenset(
    {
        "keywords:exclude_word_harder",
        "keywords:forbidden_words",
        "punctuation:no_comma",
        "punctuation:punctuation_dot",
        "punctuation:punctuation_exclamation",
    }
)


def _bars(item: Bound) -> bool:
    """Whether a text can contain too much for it. Capitals are no matter: they can be made lower case."""
    name, kwargs = item.kind.id, item.kwargs
    relation = kwargs.get("relation") or kwargs.get("let_relation")
    return name in _BARRING or relation == "less than"


_CONTAINED = (
    "end_phrase",
    "prompt_to_repeat",
    "postscript_marker",
    "first_word",
    "last_word",
    "section_spliter",
)


def _required(items: Sequence[Bound]) -> Iterator[tuple[str, str]]:
    """Ids with texts that any answer must contain. A keyword is taken literally, not as a regex."""
    for kind, kwargs in items:
        name = kind.id
        for key in _CONTAINED:
            if key in kwargs:
                yield name, kwargs[key]
        yield from ((name, word) for word in kwargs.get("keywords", ()))
        if name in (_ONCE, "keywords:keyword_specific_position"):
            yield name, kwargs["keyword"].strip()
        elif name == _INCREMENT:
            yield name, " ".join([kwargs["keyword1"], *[kwargs["keyword2"]] * 2])
        elif name in _SAME_FREQUENCY and kwargs["relation"] == "at least" and kwargs["frequency"]:
            yield name, " ".join([kwargs["keyword"]] * ceil(kwargs["frequency"]))


def _of(name: str, items: Sequence[Bound]) -> Iterator[dict[str, Any]]:
    return (kwargs for kind, kwargs in items if kind.id == name)


def _asked(name: str, items: Sequence[Bound]) -> bool:
    return any(kind.id == name for kind, _ in items)


RULES: tuple[Callable[[Sequence[Bound]], str | None], ...] = (
    different_counts,
    two_first_words,
    two_outer_words,
    two_ends,
    two_starts,
    empty_range,
    more_sentences_than_words,
    forbidden_but_required,
    title_below_the_request,
    case_of_sections,
    language_does_without,
    chinese_in_another_language,
)
