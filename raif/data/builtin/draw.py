"""Drawing constraints for a seed: kwargs that its plain answer doesn't meet, and that its sentences can.

One function for each kind; None means that the kind makes no sense for this seed at this level.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from raif.constraints.plain.counting import in_capitals
from raif.constraints.satisfiable import conflicting
from raif.data.builtin.respond.kinds import length, occurrences, sentence_count
from raif.data.builtin.respond.kinds import letter_count as all_letters
from raif.data.builtin.respond.kinds import letters as letter_count
from raif.data.builtin.respond.marks import with_placeholders
from raif.data.builtin.respond.plain import Plain
from raif.data.builtin.words import content, length_of
from raif.registry import Registry
from raif.text import chinese, words
from raif.types import Constraint

Kwargs = dict[str, Any]
Drawer = Callable[[Plain, random.Random], Kwargs | None]
DRAWERS: Registry[Drawer] = Registry("drawer", modules=("raif.data.builtin.training",))

STEPS = ("detectable_format:title", "detectable_format:number_bullet_lists", "detectable_content:postscript")
"""What a chain can begin with, from top to bottom."""
_LAST = {
    "chain:title_again": {STEPS[0]},
    "chain:bullets_counted": {STEPS[1]},
    "chain:first_sentence_again": {STEPS[0], STEPS[2]},
}
"""The last step of a chain -> the steps of which there must be one."""
_PARTS = dict(zip(STEPS, ("title", "list", "postscript"), strict=True))
_APART = (
    {
        "length_constraints:number_paragraphs",
        "length_constraints:nth_paragraph_first_word",
        "detectable_format:multiple_sections",
    },
    {"length_constraints:nth_paragraph_first_word", "detectable_format:number_bullet_lists"},
    {"paragraphs:paragraphs", "paragraphs:paragraphs2", "detectable_format:multiple_sections"},
    {"paragraphs:paragraphs2", "detectable_format:number_bullet_lists"},
    {"paragraphs:paragraphs2", "detectable_content:postscript"},
    {"paragraphs:paragraphs2", "startend:end_checker"},
    {"paragraphs:paragraphs2", "length_constraints:nth_paragraph_first_word"},
    {"paragraphs:paragraphs2", "length_constraints:number_paragraphs"},
    {"paragraphs:paragraphs", "length_constraints:nth_paragraph_first_word"},
    {"paragraphs:paragraphs", "length_constraints:number_paragraphs"},
    # texts that have to be there as they are written
    {"change_case:english_capital", "startend:end_checker"},
    {"change_case:english_capital", "detectable_format:multiple_sections"},
    {"change_case:english_lowercase", "startend:end_checker"},
    {"change_case:english_lowercase", "detectable_format:multiple_sections"},
    {"change_case:english_lowercase", "detectable_content:postscript"},
    {"combination:repeat_prompt", "punctuation:no_comma"},
    {"combination:repeat_prompt", "detectable_format:title"},
    {"detectable_format:number_highlighted_sections", "keywords:frequency"},
)
"""Kinds that would be unclear together, beyond what contradicts itself: two ways to divide a text, say."""
_LETTERS = {"en": "bcfgjkmpquvwxyz", "zh": "的了在是我有也都很不就"}
_HEADINGS = {"en": ("Section", "Part"), "zh": ("章节", "部分")}
_STEP_HEADING = {"en": "Step", "zh": "步骤"}
_IN_STEPS = ("howto", "plan", "fix")
_ENDINGS = {
    "en": {
        "story": ("And that was that.", "So the story ends here.", "They tell it to this day."),
        "letter": ("Thank you for reading this.", "Please write back soon.", "I hope to hear from you."),
        "speech": ("Thank you for listening.", "That is all I wanted to say.", "Thank you all for coming."),
        "advert": ("Come and see for yourself.", "We look forward to meeting you.", "See you soon."),
        "steps": ("Now you can begin.", "Take it one step at a time.", "Then it is done."),
        "view": ("That is where I stand.", "Judge for yourself.", "Others may see it differently."),
        "": (
            "That is all for now.",
            "Ask me if anything is unclear.",
            "That is the short of it.",
            "Those are the main points.",
        ),
    },
    "zh": {
        "story": ("故事就到这里。", "这就是整个故事。", "后来的事就没有人知道了。"),
        "letter": ("谢谢您读完这些话。", "盼望早日收到回信。", "期待您的答复。"),
        "speech": ("谢谢大家听我说完。", "我的话就到这里。", "谢谢各位的到来。"),
        "advert": ("欢迎亲自来看看。", "我们在这里等您。", "期待与您见面。"),
        "steps": ("现在就可以动手了。", "一步一步来就好。", "照着做就行了。"),
        "view": ("这就是我的看法。", "请您自己判断。", "仅供参考。"),
        "": ("先说到这里。", "有不清楚的地方请再问我。", "大致就是这样。", "要点就是这些。"),
    },
}
_ENDED = {
    "story": "story", "letter": "letter", "email": "letter", "advert": "advert", "howto": "steps",
    "plan": "steps", "fix": "steps", "opinion": "view", "review": "view", "speech": "speech",
}  # fmt: skip
_MARKERS = {"en": ("P.S.", "P.S.", "P.S.", "P.P.S"), "zh": ("附言：", "又及：", "P.S.")}
_ONCE = ("at least", 1)
"""No limit on how often something comes, only that it does."""
_LEFT_OPEN = ("email", "letter", "speech", "advert")
"""Tasks in which a writer leaves names, dates and figures open: elsewhere they are what was asked for."""
_NO_LIST = ("story", "speech", "letter")
_LONGEST_REPEATED = {"en": 45, "zh": 80}
"""Words, or characters, of a request that is to be repeated."""


def drawer(id: str) -> Callable[[Drawer], Drawer]:
    def define(draw: Drawer) -> Drawer:
        DRAWERS.add(id, draw)
        return draw

    return define


def draw(plain: Plain, id: str, rng: random.Random) -> Constraint | None:
    """One constraint that the plain answer doesn't meet."""
    kwargs = DRAWERS[id](plain, rng)
    if kwargs is None:
        return None
    constraint = Constraint(id=id, kwargs=kwargs)
    return None if plain.passes(constraint) else constraint


def fill(
    plain: Plain, kinds: Collection[str], chains: Sequence[Sequence[int]], apart: Callable[[int, int], bool],
    count: int, rng: random.Random,
) -> list[Constraint] | None:  # fmt: skip
    """Constraints for the places from 0 to `count` - 1. None if too few kinds can be drawn.

    `chains`: places of the steps of each chain. `apart`: whether two places never count together.
    """
    found: dict[int, Constraint] = {}
    for places in chains:
        steps = chain(plain, kinds, len(places), rng)
        if steps is None:
            return None
        found |= zip(places, steps, strict=True)
    left = rng.sample(sorted(kinds), len(kinds))
    for place in (n for n in range(count) if n not in found):
        together = [found[other] for other in found if not apart(place, other)]
        beside, taken = [one.id for one in together], {word for one in together for word in _words(one)}
        for id in left:
            if any(excluded(id, other) for other in beside) or any(c.id == id for c in found.values()):
                continue
            constraint = draw(plain, id, rng)
            if constraint and taken.isdisjoint(_words(constraint)):
                found[place] = constraint
                break
        else:
            return None
    return [found[place] for place in range(count)]


def _words(constraint: Constraint) -> set[str]:
    """The words that a constraint names, in lower case: it would be odd if two of them named the same one."""
    kwargs = constraint.kwargs
    named = [*kwargs.get("keywords", ()), *kwargs.get("forbidden_words", ()), kwargs.get("keyword", "")]
    return {word.lower() for word in named if word}


def excluded(one: str, other: str) -> bool:
    """Whether two kinds should not be asked together."""
    return conflicting(one, other) or any({one, other} <= pair for pair in _APART)


def can_chain(kinds: Collection[str]) -> bool:
    """Whether a chain can be made of these kinds."""
    return STEPS[0] in kinds


def chain(plain: Plain, kinds: Collection[str], count: int, rng: random.Random) -> list[Constraint] | None:
    """Steps from top to bottom, the last of which depends on one of the others, or asks for their order."""
    usable = [id for id in STEPS if id in kinds and (id != STEPS[1] or plain.seed.task not in _NO_LIST)]
    tails: list[list[str]] = [[id] for id in _LAST]
    tails += [["chain:in_order"], *(["chain:in_order", id] for id in _LAST)]
    rng.shuffle(tails)
    for tail in tails:
        needed = [id for id in usable if id in _LAST.get(tail[-1], usable)]
        size = count - len(tail)
        if not needed or not (2 if "chain:in_order" in tail else 1) <= size <= len(usable):
            continue
        first = rng.choice(needed)
        ids = [first, *rng.sample([id for id in usable if id != first], size - 1)]
        ids.sort(key=STEPS.index)
        if any(excluded(one, other) for one in tail for other in ids):
            continue
        if tail[-1] == "chain:first_sentence_again" and plain.seed.greeting:
            continue
        steps = [draw(plain, id, rng) for id in ids]
        if all(steps):
            parts = {"parts": [_PARTS[id] for id in ids]}
            last = [Constraint(id=id, kwargs=parts if id == "chain:in_order" else {}) for id in tail]
            return [*(step for step in steps if step), *last]
    return None


def _content(plain: Plain, text: str) -> Iterator[str]:
    """Words of the text that say something: keywords, then others."""
    yield from (word for word in plain.seed.keywords if occurrences(word, plain.language)(text))
    yield from content(text, plain.language)


def _beyond(plain: Plain) -> list[str]:
    """Words that a fuller answer would have, and this one hasn't."""
    there = plain.text.lower()
    return [word for word in dict.fromkeys(_content(plain, plain.fullest)) if word.lower() not in there]


def _avoidable(plain: Plain) -> list[str]:
    """Words of the plain answer that its most important sentences can do without."""
    core = [point for point in plain.seed.points if point.level == 1]
    frame = f"{plain.seed.greeting} {plain.seed.farewell}".lower()
    return [
        word
        for word in dict.fromkeys(_content(plain, plain.text))
        if word.lower() not in frame
        and all(any(word.lower() not in text.lower() for text in point.variants) for point in core)
    ]


def _few(rng: random.Random, found: Sequence[str], most: int) -> list[str]:
    return rng.sample(list(found), min(rng.randint(1, most), len(found)))


@drawer("keywords:existence")
def existence(plain: Plain, rng: random.Random) -> Kwargs | None:
    found = _beyond(plain)
    known = [word for word in found if word in plain.seed.keywords]
    return {"keywords": _few(rng, known if known and rng.random() < 0.5 else found, 3)} if found else None


@drawer("keywords:frequency")
def frequency(plain: Plain, rng: random.Random) -> Kwargs | None:
    # a short English word says little
    keywords = [word for word in plain.seed.keywords if plain.language == "zh" or len(word) > 3]
    for keyword in rng.sample(keywords, len(keywords)):
        bound = plain.bound(rng, occurrences(keyword, plain.language))
        if bound and bound != _ONCE:
            return {"keyword": keyword, "frequency": bound[1], "relation": bound[0]}
    return None


@drawer("keywords:word_count_different_numbers")
def different_numbers(plain: Plain, rng: random.Random) -> Kwargs | None:
    return frequency(plain, rng)


@drawer("keywords:word_once")
def word_once(plain: Plain, rng: random.Random) -> Kwargs | None:
    """A word that a fuller answer has, or one that this answer has several times."""
    found = [word for word in plain.seed.keywords if occurrences(word, plain.language)(plain.text) > 1]
    words = [*found, *_beyond(plain)]
    return {"keyword": rng.choice(words)} if words else None


@drawer("keywords:exclude_word_harder")
def exclude_word(plain: Plain, rng: random.Random) -> Kwargs | None:
    found = _avoidable(plain)
    return {"keyword": rng.choice(found)} if found else None


@drawer("letters:letter_counting")
def letter_counting(plain: Plain, rng: random.Random) -> Kwargs | None:
    bound = plain.bound(rng, all_letters, step=50)
    return {"N": bound[1], "relation": bound[0]} if bound else None


@drawer("letters:letter_counting2")
def letter_counting2(plain: Plain, rng: random.Random) -> Kwargs | None:
    return letter_frequency(plain, rng)


@drawer("keywords:forbidden_words")
def forbidden_words(plain: Plain, rng: random.Random) -> Kwargs | None:
    found = _avoidable(plain)
    known = [word for word in found if word in plain.seed.keywords]
    chosen = _few(rng, known if known and rng.random() < 0.6 else found, 3) if found else []
    return {"forbidden_words": chosen} if chosen else None


@drawer("keywords:letter_frequency")
def letter_frequency(plain: Plain, rng: random.Random) -> Kwargs | None:
    letters = _LETTERS[plain.language]
    for letter in rng.sample(letters, len(letters)):
        bound = plain.bound(rng, letter_count(letter))
        if bound and bound != _ONCE:
            return {"letter": letter, "let_frequency": bound[1], "let_relation": bound[0]}
    return None


@drawer("punctuation:no_comma")
@drawer("change_case:english_capital")
@drawer("change_case:english_lowercase")
@drawer("detectable_format:title")
@drawer("startend:quotation")
@drawer("combination:two_responses")
@drawer("paragraphs:paragraphs")
@drawer("paragraphs:paragraphs2")
def nothing(plain: Plain, rng: random.Random) -> Kwargs:
    return {}


@drawer("detectable_format:json_format")
def json_format(plain: Plain, rng: random.Random) -> Kwargs | None:
    return None if plain.seed.task in ("story", "speech") else {}


@drawer("change_case:capital_word_frequency")
def capital_word_frequency(plain: Plain, rng: random.Random) -> Kwargs | None:
    """A few words more than there are; or fewer, where it is full of I and of abbreviations."""
    bound = plain.bound(rng, in_capitals)
    if bound and bound[0] == "less than":
        return {"capital_frequency": bound[1], "capital_relation": "less than"}
    more = in_capitals(plain.text) + rng.randint(1, 4)
    return {"capital_frequency": more, "capital_relation": "at least"}


@drawer("length_constraints:number_words")
def number_words(plain: Plain, rng: random.Random) -> Kwargs | None:
    unit = rng.choice(("字", "字", "词")) if plain.language == "zh" else ""
    bound = plain.bound(rng, length(unit), step=10)
    if bound is None:
        return None
    drawn = {"num_words": bound[1], "relation": bound[0]}
    return drawn | {"unit": unit} if unit else drawn


@drawer("length_constraints:number_sentences")
def number_sentences(plain: Plain, rng: random.Random) -> Kwargs | None:
    bound = plain.bound(rng, sentence_count(plain.language))
    return {"num_sentences": bound[1], "relation": bound[0]} if bound else None


@drawer("length_constraints:number_paragraphs")
def number_paragraphs(plain: Plain, rng: random.Random) -> Kwargs:
    return {"num_paragraphs": rng.randint(2, min(5, max(2, len(plain.positions) // 2)))}


@drawer("length_constraints:nth_paragraph_first_word")
def nth_paragraph_first_word(plain: Plain, rng: random.Random) -> Kwargs | None:
    """A paragraph begins with a word that one of the sentences begins with, near to where an even division
    would have it begin, so that no paragraph gets much longer than the others.
    """
    size = len(plain.positions)
    count = rng.randint(2, min(4, max(2, size // 2)))
    first = 2 if plain.seed.greeting else 1
    nth = rng.randint(first, count)
    even = size * (nth - 1) / count
    places = [
        place
        for place in (range(nth - 1, size - (count - nth)) if nth > 1 else range(1))
        if abs(place - even) <= max(1, size / count / 3)
    ]
    for place in rng.sample(places, len(places)):
        word = _first_word(plain.seed.points[plain.positions[place]].text, plain.language)
        if word and plain.seed.leans_on(plain.positions[place]) is None:
            return {"num_paragraphs": count, "nth_paragraph": nth, "first_word": word}
    return None


def _first_word(text: str, language: str) -> str | None:
    """The whole word that a sentence begins with, if nothing but a blank or a stop follows it."""
    if language == "zh":
        word = chinese.words(text, known=True)[0]
        return word if len(word) > 1 and word == chinese.words(text)[0] and text.startswith(word) else None
    word = words(text)[0]
    plainly = re.match(re.escape(word) + r"[ .,]", text)
    return word.lower() if plainly and len(word) > 1 and not re.search(r"\d", word) else None


@drawer("detectable_format:number_bullet_lists")
def number_bullet_lists(plain: Plain, rng: random.Random) -> Kwargs | None:
    if plain.seed.task in _NO_LIST:
        return None
    size = len(plain.positions)
    return {"num_bullets": rng.randint(max(2, size // 4), max(2, min(6, size - 2)))}


@drawer("detectable_format:number_highlighted_sections")
def number_highlighted_sections(plain: Plain, rng: random.Random) -> Kwargs:
    return {"num_highlights": rng.randint(2, 5 if plain.level == "long" else 3)}


@drawer("detectable_format:multiple_sections")
def multiple_sections(plain: Plain, rng: random.Random) -> Kwargs:
    headings = list(_HEADINGS[plain.language])
    if plain.seed.task in _IN_STEPS:
        headings.append(_STEP_HEADING[plain.language])
    most = min(4, max(2, len(plain.positions) // 2))
    return {"section_spliter": rng.choice(headings), "num_sections": rng.randint(2, most)}


@drawer("detectable_content:number_placeholders")
def number_placeholders(plain: Plain, rng: random.Random) -> Kwargs | None:
    """As many names, dates and numbers as the answer has to leave open, at most."""
    seed = plain.seed
    if seed.task not in _LEFT_OPEN:
        return None
    sentences = [seed.points[n].text for n in plain.positions]
    opened = with_placeholders(seed.language, seed.greeting, seed.farewell, sentences, 9)
    available = " ".join([opened[0], opened[1], *opened[2]]).count("[")
    return {"num_placeholders": rng.randint(1, min(4, available))} if available else None


@drawer("detectable_content:postscript")
def postscript(plain: Plain, rng: random.Random) -> Kwargs:
    return {"postscript_marker": rng.choice(_MARKERS[plain.language])}


@drawer("startend:end_checker")
def end_checker(plain: Plain, rng: random.Random) -> Kwargs:
    endings = _ENDINGS[plain.language]
    return {"end_phrase": rng.choice(endings[_ENDED.get(plain.seed.task, "")])}


@drawer("combination:repeat_prompt")
def repeat_prompt(plain: Plain, rng: random.Random) -> Kwargs | None:
    text = plain.seed.prompt
    if length_of(text, plain.language) > _LONGEST_REPEATED[plain.language] or re.search('["“”\n]', text):
        return None
    return {"prompt_to_repeat": text}
