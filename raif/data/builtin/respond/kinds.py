"""What each kind of constraint asks of an answer: of its layout, or of the sentences that it has."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from raif.constraints import KINDS, find
from raif.constraints.iftrain.common import TRAINING
from raif.constraints.kind import Relation
from raif.constraints.plain import common as plain
from raif.constraints.plain.counting import in_capitals
from raif.data.builtin.respond.choose import Task
from raif.dialect import semantics
from raif.registry import Registry
from raif.text import chinese, reader
from raif.types import Constraint

Edit = Callable[..., None]
RESPONDERS: Registry[Edit] = Registry("responder", modules=("raif.data.builtin.training",))
"""Kind -> `edit(task, **kwargs)`, which makes the task's answer meet it."""
CHAINED = "chain:"
"""How the kinds begin that only make sense as steps of a chain."""
_ENGLISH = {
    "change_case:english_capital",
    "change_case:english_lowercase",
    "change_case:capital_word_frequency",
    "count:lowercase_counting",
    "keywords:no_adjacent_consecutive",
    "letters:letter_counting",
    "letters:letter_counting2",
}
"""Asked in English only: Chinese has neither case nor letters."""


ON_REQUEST = TRAINING
"""IFTrain's kinds, which are only drawn if they are named: many ask for the same as one of IFEval's."""


def kinds_for(language: str, named: Collection[str] = ()) -> list[str]:
    """The kinds that can be asked in `language` by themselves, and that the built-in expert can meet.

    Those that are `named`, or if there are none, all but those that are only drawn on request.
    """
    asked = (id for id in RESPONDERS if language in KINDS[id].wordings and not id.startswith(CHAINED))
    met = (id for id in asked if language == "en" or id not in _ENGLISH)
    return [id for id in met if (id in named if named else id not in ON_REQUEST)]


def edit(task: Task, id: str, kwargs: dict[str, Any]) -> None:
    """Make the task meet a constraint."""
    RESPONDERS[id](task, **find(id, semantics("raif", task.seed.language)).bind(kwargs))


def responder(id: str) -> Callable[[Edit], Edit]:
    def define(edit: Edit) -> Edit:
        RESPONDERS.add(id, edit)
        return edit

    return define


def occurrences(word: str, language: str) -> Callable[[str], int]:
    """Counts a word as the checks of keywords do, in any case."""
    if language == "zh":
        pattern = re.compile(chinese.whole(chinese.fold(word.strip())))
        return lambda text: len(pattern.findall(chinese.fold(text)))
    return partial(plain.occurrences, word)


def letters(letter: str) -> Callable[[str], int]:
    return lambda text: text.lower().count(letter.lower())


def letter_count(text: str) -> int:
    return sum(map(str.isalpha, text))


def length(unit: str) -> Callable[[str], int]:
    """Counts words as the checks do: `unit` is empty in English, 字 or 词 in Chinese."""
    if not unit:
        return lambda text: len(reader.words(text))
    cut = chinese.characters if unit == "字" else chinese.words
    return lambda text: len(cut(text))


def sentence_count(language: str) -> Callable[[str], int]:
    cut = chinese.sentences if language == "zh" else reader.sentences
    return lambda text: len(cut(text))


def measure(constraint: Constraint, language: str) -> Callable[[str], int] | None:
    """What counts the thing that the constraint bounds; None if it bounds nothing that is counted."""
    kwargs = constraint.kwargs
    counts: dict[str, Callable[[], Callable[[str], int]]] = {
        "keywords:frequency": lambda: occurrences(kwargs["keyword"], language),
        "keywords:word_count_different_numbers": lambda: occurrences(kwargs["keyword"], language),
        "keywords:letter_frequency": lambda: letters(kwargs["letter"]),
        "letters:letter_counting": lambda: letter_count,
        "letters:letter_counting2": lambda: letters(kwargs["letter"]),
        "length_constraints:number_words": lambda: length(kwargs.get("unit", "")),
        "length_constraints:number_sentences": lambda: sentence_count(language),
        "change_case:capital_word_frequency": lambda: in_capitals,
        "punctuation:no_comma": lambda: lambda text: text.count(",") + text.count("，"),
    }
    return counts[constraint.id]() if constraint.id in counts else None


def bound_of(constraint: Constraint) -> tuple[str, int] | None:
    """The relation and the number that a constraint asks for, if it has them."""
    relation = next((v for name, v in constraint.kwargs.items() if name.endswith("relation")), None)
    numbers = [v for name, v in constraint.kwargs.items() if isinstance(v, int)]
    return (relation, numbers[0]) if relation and numbers else None


@responder("keywords:existence")
def existence(task: Task, keywords: list[str]) -> None:
    for word in keywords:
        task.bound("at least", 1, occurrences(word, task.seed.language))


@responder("keywords:frequency")
@responder("keywords:word_count_different_numbers")
def frequency(task: Task, keyword: str, frequency: int, relation: Relation) -> None:
    task.bound(relation, frequency, occurrences(keyword, task.seed.language))


@responder("keywords:forbidden_words")
def forbidden_words(task: Task, forbidden_words: list[str]) -> None:
    counts = [occurrences(word, task.seed.language) for word in forbidden_words]
    task.bans.append(lambda text: any(count(text) for count in counts))


@responder("keywords:word_once")
def word_once(task: Task, keyword: str) -> None:
    task.bound("at least", 1, occurrences(keyword, task.seed.language))
    task.bound("less than", 2, occurrences(keyword, task.seed.language))


@responder("keywords:exclude_word_harder")
def exclude_word(task: Task, keyword: str, **_: str) -> None:
    forbidden_words(task, [keyword])


@responder("letters:letter_counting")
def letter_counting(task: Task, N: int, relation: Relation) -> None:
    task.bound(relation, N, letter_count, size=True)


@responder("keywords:letter_frequency")
@responder("letters:letter_counting2")
def letter_frequency(task: Task, letter: str, let_frequency: int, let_relation: Relation) -> None:
    task.bound(let_relation, let_frequency, letters(letter))


@responder("punctuation:no_comma")
def no_comma(task: Task) -> None:
    task.form.commas = False
    task.bans.append(lambda text: "," in text or "，" in text)


@responder("change_case:capital_word_frequency")
def capital_word_frequency(task: Task, capital_frequency: int, capital_relation: Relation) -> None:
    if capital_relation == "at least":
        task.form.capitals = capital_frequency
    else:
        task.bound(capital_relation, capital_frequency, in_capitals)


@responder("change_case:english_capital")
def english_capital(task: Task) -> None:
    task.form.case = "upper"


@responder("change_case:english_lowercase")
def english_lowercase(task: Task) -> None:
    task.form.case = "lower"


@responder("length_constraints:number_words")
def number_words(task: Task, num_words: int, relation: Relation, unit: str = "") -> None:
    task.bound(relation, num_words, length(unit), size=True)


@responder("length_constraints:number_sentences")
def number_sentences(task: Task, num_sentences: int, relation: Relation) -> None:
    task.bound(relation, num_sentences, sentence_count(task.seed.language), size=True)


@responder("length_constraints:number_paragraphs")
def number_paragraphs(task: Task, num_paragraphs: int) -> None:
    task.form.paragraphs = num_paragraphs


@responder("paragraphs:paragraphs")
def paragraphs(task: Task) -> None:
    task.form.paragraphs = 2


@responder("paragraphs:paragraphs2")
def paragraphs2(task: Task) -> None:
    task.form.blocks = 2


@responder("length_constraints:nth_paragraph_first_word")
def nth_paragraph_first_word(task: Task, num_paragraphs: int, nth_paragraph: int, first_word: str) -> None:
    task.form.blocks = num_paragraphs
    position = beginning_with(task, first_word, (nth_paragraph - 1) / num_paragraphs)
    task.form.opening = (nth_paragraph - 1, 0 if position is None else position)


def beginning_with(task: Task, word: str, share: float) -> int | None:
    """The point that begins with the word: of those of the answer's level, if there are any, the one that has
    most nearly this share of the text before it.
    """
    start = re.compile(re.escape(word) + ("" if task.seed.language == "zh" else r"\b"), re.IGNORECASE)
    found = [n for n in task.seed.ladder if (text := task.variant(n)) and start.match(text)]
    # a later constraint may still ban it: then the answer fails its check
    usual = sorted(task.seed.ladder[: task.seed.size(task.level)])
    here = [n for n in found if n in usual]
    if not here:
        return next(iter(found), None)
    return min(here, key=lambda n: abs(usual.index(n) - share * len(usual)))


@responder("detectable_format:number_bullet_lists")
def number_bullet_lists(task: Task, num_bullets: int) -> None:
    task.form.bullets = num_bullets


@responder("detectable_format:number_highlighted_sections")
def number_highlighted_sections(task: Task, num_highlights: int) -> None:
    task.form.highlights = num_highlights


@responder("detectable_format:multiple_sections")
def multiple_sections(task: Task, section_spliter: str, num_sections: int) -> None:
    task.form.sections, task.form.heading = num_sections, section_spliter.strip()


@responder("detectable_format:title")
def title(task: Task) -> None:
    task.form.title = True


@responder("detectable_format:json_format")
def json_format(task: Task) -> None:
    task.form.json = True


@responder("detectable_content:number_placeholders")
def number_placeholders(task: Task, num_placeholders: int) -> None:
    task.form.placeholders = num_placeholders


@responder("detectable_content:postscript")
def postscript(task: Task, postscript_marker: str) -> None:
    task.form.postscript = postscript_marker


@responder("startend:end_checker")
def end_checker(task: Task, end_phrase: str) -> None:
    task.form.end = end_phrase


@responder("startend:quotation")
def quotation(task: Task) -> None:
    task.form.quoted = True


@responder("combination:repeat_prompt")
def repeat_prompt(task: Task, prompt_to_repeat: str) -> None:
    task.form.repeat = prompt_to_repeat


@responder("combination:two_responses")
def two_responses(task: Task) -> None:
    task.form.two = True


@responder("chain:title_again")
def title_again(task: Task) -> None:
    task.form.last = "title"


@responder("chain:bullets_counted")
def bullets_counted(task: Task) -> None:
    task.form.last = "count"


@responder("chain:first_sentence_again")
def first_sentence_again(task: Task) -> None:
    task.form.last = "first"


@responder("chain:in_order")
def in_order(task: Task, parts: list[str]) -> None:
    """The layout's own order."""
