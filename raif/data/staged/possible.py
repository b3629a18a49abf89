"""Whether constraints are possible for a request: what can be seen in its words.

A request that says how long, in what form or in which language it wants its answer rules out constraints that
need another. The rules are wide: what they refuse is drawn again, which costs nothing. What takes
understanding is left to a judge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from raif.constraints.kind import CASES, COUNTS, PROSE
from raif.constraints.satisfiable import contradiction
from raif.data.staged.reading import MANY, Interval, Text, expected, mentions
from raif.dialect import semantics
from raif.text.langdetect.language import NAMES
from raif.types import Constraint

_WORDS, _SENTENCES = "length_constraints:number_words", "length_constraints:number_sentences"
_BULLETS, _OPTIONS = "detectable_format:number_bullet_lists", "detectable_format:constrained_response"
_LANGUAGE, _JSON = "language:response_language", "detectable_format:json_format"
_NOUNS = {
    "words": r"words?\b|-?\s?word\b|个?(?:汉)?字|个?词",
    "sentences": r"sentences?\b|-?\s?sentence\b|个?句|句话",
    "paragraphs": r"paragraphs?\b|-?\s?paragraph\b|个?(?:自然)?段",
    "items": r"(?:bullet(?: point)?s?|points?|items?|ideas?|tips?|examples?|ways?|reasons?|steps?|names?|"
    r"suggestions?|questions?|facts?)\b|[个条点项种]",
}
_PER_SENTENCE = (2, 40)
"""Words that a sentence can have."""
_ALONE = {
    # en and zh -> sentences and words at most
    r"\b(?:haiku)\b|俳句": (3, 25),
    r"\b(?:tweet)\b": (4, 55),
    r"\b(?:slogan|tagline|headline|subject line|one-?liner|catchphrase)\b|口号|标语|广告语": (2, 25),
    r"\b(?:in|with|as) (?:a|one|1) (?:single |short )?sentence\b|\b(?:one|single)[- ]sentence\b|一句话": (
        1,
        60,
    ),
    r"\b(?:in|with) (?:a|one|1) (?:single )?word\b|\bone-word (?:answer|reply)\b|一个词(?:回答|概括)": (1, 1),
}
_ONLY = re.compile(
    r"\b(?:only|just|simply)\b[^.?!\n]{0,25}\b(?:yes or no|true or false|yes/no|"
    r"the (?:number|letter|word|name|date|option|answer|result)|"
    r"an? (?:number|letter|word|name|date|integer))\b|"
    r"\b(?:yes or no|true or false|yes/no)\b[^.?!\n]{0,20}\b(?:only|nothing else|nothing more)\b|"
    r"\b(?:answer|reply|respond) (?:with |by )?(?:yes or no|true or false)\b|"
    r"只(?:需|要|能|用)?(?:回答|输出|返回|给出|写|说|答)[^。？！\n]{0,8}(?:是或否|是还是否|对或错|是或不是|数字|字母|"
    r"选项|答案|结果|一个字|一个词)",
    re.IGNORECASE,
)
_DATA = r"(?:JSON|XML|YAML|CSV|SQL|HTML|code|LaTeX)"
_DATA_ONLY = re.compile(
    rf"\b(?:only|just|nothing but|solely)\b[^.?!\n]{{0,30}}\b{_DATA}\b|"
    rf"\b{_DATA}\b[^.?!\n]{{0,25}}\b(?:only|nothing else|no explanation|without (?:any )?explanation)\b|"
    rf"\b(?:in|as|return|output) (?:valid |a |an )?{_DATA}(?: object| array| format)?\b|"
    rf"只(?:需|要|能)?(?:返回|输出|给出|写)[^。？！\n]{{0,10}}(?:{_DATA}|代码|表格)|以\s?{_DATA}\s?(?:格式|形式)",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"\b(?:write|create|implement|generate|give|fix|debug|code|build|complete)\b[^.?!\n]{0,50}"
    r"\b(?:function|script|program|code|class|query|regex|SQL|HTML|CSS|python|java|javascript|c\+\+)\b|```|"
    r"(?:写|编|实现|生成|修复|调试)[^。？！\n]{0,20}(?:代码|函数|脚本|程序|SQL|正则)",
    re.IGNORECASE,
)
_TEXT_GIVEN = re.compile(
    r"\b(?:translat\w+|proofread|correct (?:the|this|my|any)|fix (?:the|my) (?:grammar|spelling)|rephrase|"
    r"paraphrase)\b|翻译|译成|润色|改错|校对",
    re.IGNORECASE,
)
_CLOSED = {
    "en": re.compile(
        r"(?:^|[.!?\n]\s*)(?:is|are|was|were|do|does|did|can|could|should|would|will|has|have|may|am)\b[^?]*\?",
        re.IGNORECASE,
    ),
    "zh": re.compile(r"吗[？?]|是否|是不是|能不能|可不可以|会不会|该不该|对不对|有没有"),
}
_INTO = re.compile(
    rf"\b(?:in|into|to)\s+({'|'.join(each['en'] for each in NAMES.values())})\b", re.IGNORECASE
)
_INTO_ZH = re.compile(rf"(?:用|成|译为|翻为)({'|'.join(each['zh'] for each in NAMES.values())}|中文|英文)")
_CHINESE = re.compile(r"\b(?:in|into|to) (?:simplified |traditional )?(?:chinese|mandarin)\b", re.IGNORECASE)
_CASE = {
    "change_case:english_capital": re.compile(r"\b(?:in )?all (?:caps|capitals|uppercase)\b|全部大写", re.I),
    "change_case:english_lowercase": re.compile(r"\b(?:in )?all lower-?\s?case\b|全部小写", re.I),
}
_LAYOUT = PROSE | {"detectable_content:number_placeholders", _JSON, _OPTIONS}
_WORDS_OF = frozenset({"keywords:existence", "keywords:forbidden_words"})


class Wants(NamedTuple):
    """What a request says about its answer. Lengths are intervals; no limit is from 0 to very many."""

    words: Interval
    sentences: Interval
    paragraphs: Interval
    items: int | None
    only: bool
    """A word, a number or a yes and nothing else."""
    data: bool
    """JSON or other data and nothing else."""
    code: bool
    given: bool
    """It is about a text that must keep its language and length: a translation, a correction."""
    closed: bool
    """It can be answered with yes or no."""
    implied: tuple[Constraint, ...]
    """Constraints that it has itself."""


@lru_cache(4096)
def wants(request: str, language: str) -> Wants:
    """What can be seen in the words of a request."""
    text = Text(request, "zh" if language == "zh" else "en")
    words, sentences, paragraphs = (
        _limit(text, _NOUNS[noun]) for noun in ("words", "sentences", "paragraphs")
    )
    for pattern, (most_sentences, most_words) in _ALONE.items():
        if re.search(pattern, request, re.IGNORECASE):
            sentences = Interval(0, min(sentences.high, most_sentences))
            words = Interval(0, min(words.high, most_words))
    items = next((n.low for n in _numbers(text, _NOUNS["items"]) if n.low == n.high and n.low > 1), None)
    return Wants(
        words,
        sentences,
        paragraphs,
        items,
        bool(_ONLY.search(request)),
        bool(_DATA_ONLY.search(request)),
        bool(_CODE.search(request)),
        bool(_TEXT_GIVEN.search(request)),
        bool(_CLOSED[text.language].search(request)),
        tuple(_implied(request)),
    )


def impossible(request: str, language: str, constraints: Sequence[Constraint]) -> str | None:
    """Why these can't all be met in an answer to the request; None if nothing in its words says so."""
    found = wants(request, language)
    for constraint in constraints:
        if reason := _refused(constraint, found):
            return f"{constraint.id} isn't possible for the request: {reason}"
    if found.implied and constraints:
        own = {each.id for each in constraints}
        if twice := next((each.id for each in found.implied if each.id in own), None):
            return f"{twice} isn't possible for the request: it says so itself"
        if reason := contradiction([*constraints, *found.implied], semantics("raif", language)):
            return f"the request itself: {reason}"
    return None


def _implied(request: str) -> Iterator[Constraint]:
    if found := _INTO.search(request) or _INTO_ZH.search(request):
        name = {"英文": "英语"}.get(found[1], found[1]).lower()
        code = next((code for code, each in NAMES.items() if name in (each["en"].lower(), each["zh"])), None)
        if code and (_TEXT_GIVEN.search(request) or re.search(_ANSWERED_IN, request, re.IGNORECASE)):
            yield Constraint(id=_LANGUAGE, kwargs={"language": code})
    yield from (Constraint(id=id) for id, pattern in _CASE.items() if pattern.search(request))


_ANSWERED_IN = r"\b(?:answer|reply|respond|write|written|explain|speak|say|use)\b|回答|作答|写|回复|解释"


def _numbers(text: Text, nouns: str) -> Iterator[Interval]:
    for each in mentions(text):
        if each.interval and re.match(rf"^[\s-]*(?:\w+\s+)?(?:{nouns})", each.after, re.IGNORECASE):
            yield each.interval


def _limit(text: Text, nouns: str) -> Interval:
    low, high = 0, MANY
    for each in _numbers(text, nouns):
        low, high = max(low, each.low), min(high, each.high)
    return Interval(low, high) if low <= high else Interval(0, MANY)


def _refused(constraint: Constraint, found: Wants) -> str | None:
    """Why a request rules a constraint out."""
    id, kwargs = constraint.id, constraint.kwargs
    if id == _OPTIONS and not found.closed:
        return "it is no question for yes or no"
    if found.only and not _only_bounds_from_above(constraint) and id not in {*CASES, "punctuation:no_comma"}:
        return "it wants one word or value and nothing else"
    if found.data and id not in _WORDS_OF:
        return "it wants data and nothing else"
    if found.code and id in CASES | {"punctuation:no_comma", "startend:quotation", _JSON, _LANGUAGE}:
        return "it wants code"
    if found.given and (id in COUNTS | {_LANGUAGE, "combination:two_responses"} or id in _LAYOUT):
        return "it wants a given text, changed"
    if id in _BOUNDS:
        what, relation, bound = _BOUNDS[id]
        wanted: Interval = getattr(found, what)
        own = expected(kwargs[relation], kwargs[bound])
        if own.low > wanted.high or wanted.low > own.high:
            return f"it wants {wanted} {what}"
    if id == _SENTENCES and (
        kwargs["relation"] == "less than"
        and found.words.low > _PER_SENTENCE[1] * (kwargs["num_sentences"] - 1)
    ):
        return f"it wants {found.words} words"
    if id == _WORDS and kwargs["relation"] == "less than" and kwargs["num_words"] <= 4 * found.sentences.low:
        return f"it wants {found.sentences} sentences"
    if id == _BULLETS and found.items and kwargs["num_bullets"] != found.items:
        return f"it wants {found.items} items"
    count = kwargs.get("num_paragraphs", found.paragraphs.low)
    if not found.paragraphs.low <= count <= found.paragraphs.high:
        return f"it wants {found.paragraphs} paragraphs"
    return _too_long(constraint, found)


_BOUNDS = {
    _WORDS: ("words", "relation", "num_words"),
    _SENTENCES: ("sentences", "relation", "num_sentences"),
}


def _only_bounds_from_above(constraint: Constraint) -> bool:
    relations = [value for name, value in constraint.kwargs.items() if name.endswith("relation")]
    return constraint.id == "keywords:forbidden_words" or relations == ["less than"]


def _too_long(constraint: Constraint, found: Wants) -> str | None:
    """Whether meeting the constraint takes more words or sentences than the request allows."""
    words, sentences = _least(constraint)
    if sentences > found.sentences.high:
        return f"it wants {found.sentences} sentences"
    most = min(found.words.high, _PER_SENTENCE[1] * found.sentences.high)
    if words > most:
        return f"it wants at most {most} words"
    return None


def _least(constraint: Constraint) -> tuple[int, int]:
    """The words and sentences that an answer needs at least to meet a constraint in good style."""
    id, kwargs = constraint.id, constraint.kwargs
    count = next((value for value in kwargs.values() if isinstance(value, int)), 0)
    if not _bounds_from_below(constraint):
        return (0, 0)
    per_item = {
        _WORDS: (1, 0),
        _SENTENCES: (3, 1),
        "length_constraints:number_paragraphs": (6, 1),
        "length_constraints:nth_paragraph_first_word": (6, 1),
        _BULLETS: (3, 1),
        "detectable_format:multiple_sections": (8, 1),
        "detectable_format:number_highlighted_sections": (3, 0),
        "detectable_content:number_placeholders": (3, 0),
        "keywords:frequency": (4, 0),
        "keywords:letter_frequency": (2, 0),
        "change_case:capital_word_frequency": (3, 0),
    }
    whole = {
        "detectable_content:postscript": (12, 2),
        "detectable_format:title": (8, 1),
        "combination:two_responses": (8, 2),
        "combination:repeat_prompt": (20, 2),
        "startend:end_checker": (10, 2),
        _JSON: (4, 0),
    }
    if id in per_item:
        words, sentences = per_item[id]
        return words * count, sentences * count
    if id == "keywords:existence":
        return 4 * len(kwargs["keywords"]), 0
    return whole.get(id, (0, 0))


def _bounds_from_below(constraint: Constraint) -> bool:
    return "less than" not in constraint.kwargs.values()
