"""Reads constraints back from text: our own wordings, and paraphrases in which their values survive.

A reading finds where a text states a constraint: its numbers with their relation, its quoted words, its
markers, and whether something is asked for or forbidden. Where that can't be told by code it says so, and a
judge is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from raif.data.staged.reading import MANY, Interval, Text, expected, mentions, numbers
from raif.text.langdetect.language import CHINESE, NAMES
from raif.types import Constraint


class Reading(NamedTuple):
    """Whether a text states a constraint, by code; None: that can't be told. `at`: where, if it was found."""

    passed: bool | None
    reason: str
    at: int | None = None


def read(constraint: Constraint, wording: str, text: Text) -> Reading:
    """Whether and where `text` states the constraint. `wording` is our own way to say it."""
    own = re.escape(wording.strip().rstrip(".。")).replace(r"\ ", r"\s+")
    if found := re.search(own, text.text, re.IGNORECASE):
        return Reading(True, "in our own words", found.start())
    reader = _READERS.get(constraint.id)
    return reader(constraint.kwargs, text) if reader else Reading(None, "can't be read back")


Reader = Callable[[dict[str, Any], Text], Reading]
_READERS: dict[str, Reader] = {}


def _reader(id: str) -> Callable[[Reader], Reader]:
    def register(read: Reader) -> Reader:
        _READERS[id] = read
        return read

    return register


_NOUN = r"^\s*(?:[\w\x00'’-]+\s+){0,3}?"
_CAPS = r"capital|upper-?\s?case|\bcaps\b|大写"


def _counted(
    text: Text, wanted: Interval, nouns: str, *, near: int | None = None, also: Interval | None = None
) -> Reading:
    """Reads a number of some noun. `near`: it must be in the sentence of this place; `also`: good, too."""
    start, end = text.sentence(near) if near is not None else (0, len(text.text))
    found = [
        each
        for each in mentions(text)
        if start <= each.at < end and re.match(f"{_NOUN}(?:{nouns})", each.after, re.IGNORECASE)
    ]
    if near is not None:
        found = found or [each for each in mentions(text) if start <= each.at < end]
    good = next((each for each in found if each.interval in (wanted, also or wanted)), None)
    if good:
        return Reading(True, f"says {good.interval}", good.at)
    read = [each for each in found if each.interval]
    if read:
        return Reading(False, f"says {read[0].interval}, asked for {wanted}", read[0].at)
    number = wanted.low if wanted.high == MANY or wanted.low == wanted.high else wanted.high + 1
    if not found and not {number, number - 1} & numbers(text):
        return Reading(False, f"doesn't say {wanted}")
    return Reading(None, f"can't be read back: {wanted}")


@_reader("length_constraints:number_sentences")
def _sentences(kwargs: dict[str, Any], text: Text) -> Reading:
    wanted = expected(kwargs["relation"], kwargs["num_sentences"])
    return _counted(text, wanted, r"sentences?\b|个?句")


@_reader("length_constraints:number_words")
def _words(kwargs: dict[str, Any], text: Text) -> Reading:
    unit = kwargs.get("unit") or "字|词"
    return _counted(
        text, expected(kwargs["relation"], kwargs["num_words"]), rf"words?\b|个?(?:汉)?(?:{unit})"
    )


@_reader("change_case:capital_word_frequency")
def _capital_words(kwargs: dict[str, Any], text: Text) -> Reading:
    places = [found.start() for found in re.finditer(_CAPS, text.plain, re.IGNORECASE)]
    if not places:
        return Reading(False, "says nothing of capital letters")
    wanted = expected(kwargs["capital_relation"], kwargs["capital_frequency"])
    return _surest(_counted(text, wanted, r"words?\b|times?\b|个|次", near=at) for at in places)


@_reader("keywords:frequency")
def _frequency(kwargs: dict[str, Any], text: Text) -> Reading:
    return _times(kwargs["keyword"], kwargs["relation"], kwargs["frequency"], text)


@_reader("keywords:letter_frequency")
def _letter(kwargs: dict[str, Any], text: Text) -> Reading:
    return _times(kwargs["letter"], kwargs["let_relation"], kwargs["let_frequency"], text)


def _times(word: str, relation: str, bound: int, text: Text) -> Reading:
    places = [found.start() for found in re.finditer(_in_quotes(word), text.text, re.IGNORECASE)]
    if not places and len(word) > 1 and (at := text.find(word)) is not None:
        places = [at]
    if not places:
        return Reading(False, f'doesn\'t say "{word}"')
    wanted, nouns = expected(relation, bound), r"times?\b|occurrences?\b|个?次"
    return _surest(_counted(text, wanted, nouns, near=at) for at in places)


def _surest(readings: Iterable[Reading]) -> Reading:
    """Of readings at several places, one that passes, else one that is wrong."""
    return min(readings, key=lambda each: (True, False, None).index(each.passed))


def _quoted(word: str, text: Text) -> int | None:
    found = re.search(_in_quotes(word), text.text, re.IGNORECASE)
    return found.start() if found else None


def _in_quotes(word: str) -> str:
    return rf"[\"“‘'「]{re.escape(word)}[\"”’'」]"


@_reader("length_constraints:number_paragraphs")
def _paragraphs(kwargs: dict[str, Any], text: Text) -> Reading:
    if "***" not in text.text:
        return Reading(False, "doesn't name the divider ***")
    return _exactly(text, kwargs["num_paragraphs"], r"paragraphs?\b|个?(?:自然)?段")


@_reader("length_constraints:nth_paragraph_first_word")
def _first_word(kwargs: dict[str, Any], text: Text) -> Reading:
    if text.find(kwargs["first_word"]) is None:
        return Reading(False, f'doesn\'t say "{kwargs["first_word"]}"')
    count = _exactly(text, kwargs["num_paragraphs"], r"paragraphs?\b|个?(?:自然)?段")
    nth = kwargs["nth_paragraph"]
    ordinal = ("first", "second", "third", "fourth", "fifth", "sixth")[nth - 1] if nth <= 6 else str(nth)
    han = "零一二三四五六七八九十"[nth] if nth <= 10 else str(nth)
    which = rf"paragraph (?:number )?{nth}\b|\b(?:{ordinal}|{nth}(?:st|nd|rd|th)) (?:paragraph|one)|"
    if text.search(f"{which}第{nth}|第{han}") is None and count.passed:
        return Reading(None, f"can't be read back: paragraph {nth}", count.at)
    return count


@_reader("detectable_format:number_bullet_lists")
def _bullets(kwargs: dict[str, Any], text: Text) -> Reading:
    return _exactly(text, kwargs["num_bullets"], r"bullet|points?\b|items?\b|个?(?:要点|项目|列表)|条|点|项")


@_reader("detectable_format:number_highlighted_sections")
def _highlights(kwargs: dict[str, Any], text: Text) -> Reading:
    nouns = (
        r"(?:sections?|parts?|phrases?|passages?|spots?|places?)\b|highlight|个?(?:处|短语|地方|重点|部分)"
    )
    if text.search(r"highlight|\*|emphasi|突出|强调|标出|重点") is None:
        return Reading(False, "says nothing of highlights")
    return _at_least(text, kwargs["num_highlights"], nouns)


@_reader("detectable_content:number_placeholders")
def _placeholders(kwargs: dict[str, Any], text: Text) -> Reading:
    nouns = r"placeholders?\b|details?\b|blanks?\b|slots?\b|个?(?:方括号|占位|处|空)"
    if re.search(r"bracket|\[|方括号|【", text.text, re.IGNORECASE) is None:
        return Reading(False, "says nothing of square brackets")
    return _at_least(text, kwargs["num_placeholders"], nouns)


@_reader("detectable_format:multiple_sections")
def _sections(kwargs: dict[str, Any], text: Text) -> Reading:
    head, count = kwargs["section_spliter"].strip(), kwargs["num_sections"]
    if not re.search(rf"{re.escape(head)}\s*[\dXx]", text.text):
        return Reading(False, f'doesn\'t say "{head} 1"')
    nouns = rf"sections?\b|parts?\b|steps?\b|{re.escape(head)}|个?(?:部分|章节|步骤)"
    return _counted(text, Interval(count, MANY), nouns, also=Interval(count, count))


def _exactly(text: Text, count: int, nouns: str) -> Reading:
    return _counted(text, Interval(count, count), nouns)


def _at_least(text: Text, count: int, nouns: str) -> Reading:
    return _counted(text, Interval(count, MANY), nouns)


@_reader("keywords:existence")
def _existence(kwargs: dict[str, Any], text: Text) -> Reading:
    return _listed(kwargs["keywords"], text, forbidden=False)


@_reader("keywords:forbidden_words")
def _forbidden(kwargs: dict[str, Any], text: Text) -> Reading:
    return _listed(kwargs["forbidden_words"], text, forbidden=True)


def _listed(words: list[str], text: Text, *, forbidden: bool) -> Reading:
    places = [(_quoted(word, text), text.find(word)) for word in words]
    found = [quoted if quoted is not None else anywhere for quoted, anywhere in places]
    if missing := [word for word, at in zip(words, found, strict=True) if at is None]:
        return Reading(False, f"doesn't say {missing[0]!r}")
    at = min(place for place in found if place is not None)
    negated = text.negated(at)
    if negated is None:
        return Reading(None, "can't be read back: asked for or forbidden", at)
    if negated != forbidden:
        return Reading(False, f"{'forbids' if negated else 'asks for'} {words[0]!r}", at)
    return Reading(True, f"{'forbids' if forbidden else 'asks for'} each of the words", at)


@_reader("punctuation:no_comma")
def _no_comma(kwargs: dict[str, Any], text: Text) -> Reading:
    at = text.search(r"commas?\b|逗号")
    if at is None:
        return Reading(False, "says nothing of commas")
    return Reading(text.negated(at), "commas", at)


def _named(constraint: str, pattern: str, marks: str = "") -> None:
    """A reader of a constraint that has no values: the text names the thing, and its marks, and allows it."""

    def read(kwargs: dict[str, Any], text: Text) -> Reading:
        at = text.search(pattern)
        if at is None or not re.search(marks, text.text):
            return Reading(False, "doesn't say it")
        return Reading(None if text.negated(at) is not False else True, "names it", at)

    _READERS[constraint] = read


_named("detectable_format:title", r"\btitle|标题|题目", "<<")
_named("detectable_format:json_format", r"\bJSON\b|JSON")
_named("combination:two_responses", r"\b(?:two|2)\b|[两二2]", r"\*{6}")
_named("change_case:english_capital", _CAPS)
_named("startend:quotation", r"quot(?:e|ation)|双引号|引号")


@_reader("change_case:english_lowercase")
def _lowercase(kwargs: dict[str, Any], text: Text) -> Reading:
    at = text.search(r"lower-?\s?case|small letters|letters? small|小写")
    if at is not None:
        return Reading(None if text.negated(at) is not False else True, "names lower case", at)
    at = text.search(_CAPS)
    if at is None:
        return Reading(False, "says nothing of lower case")
    return Reading(text.negated(at), "says whether capital letters are allowed", at)


@_reader("language:response_language")
def _language(kwargs: dict[str, Any], text: Text) -> Reading:
    name = (NAMES | CHINESE)[kwargs["language"]][text.language]
    at = text.search(re.escape(name))
    if at is None:
        return Reading(False, f"doesn't say {name}")
    return Reading(None if text.negated(at) is not False else True, f"says {name}", at)


def _phrase(constraint: str, key: str, cue: str) -> None:
    """A reader of a phrase that has to stand somewhere: it is there letter by letter, and so is where."""

    def read(kwargs: dict[str, Any], text: Text) -> Reading:
        phrase = kwargs[key].strip()
        at = text.text.find(phrase)
        if at < 0:
            return Reading(False, f"doesn't say {phrase[:60]!r}")
        start, _ = text.sentence(at)
        _, end = text.sentence(at + len(phrase))  # a full stop in the phrase ends no sentence
        near = text.plain[max(0, start - 40) : end]
        return Reading(True if re.search(cue, near, re.IGNORECASE) else None, "has the phrase", at)

    _READERS[constraint] = read


_phrase(
    "startend:end_checker",
    "end_phrase",
    r"\b(?:end|finish|clos|conclu|last|final)|结束|结尾|最后|收尾|末尾|作结",
)
_phrase("detectable_content:postscript", "postscript_marker", r"postscript|p\.\s?s|附言|又及|结尾|末尾")
_phrase(
    "combination:repeat_prompt",
    "prompt_to_repeat",
    r"repeat|copy|restate|verbatim|word for word|first words|重复|复述|抄|原样",
)


@_reader("detectable_format:constrained_response")
def _options(kwargs: dict[str, Any], text: Text) -> Reading:
    options = ("肯定的", "否定的", "不确定的") if text.language == "zh" else ("is yes", "is no", "is maybe")
    missing = [option for option in options if option not in text.text]
    at = text.text.find(options[0])
    return Reading(
        not missing, f"lacks {missing[0]!r}" if missing else "has all options", at if at >= 0 else None
    )
