"""Words, sentences and paragraphs: how many of the seed's sentences, and how they are divided."""

from __future__ import annotations

from raif.constraints.kind import Relation
from raif.data.builtin.respond import bank
from raif.data.builtin.respond.draft import Draft
from raif.data.builtin.respond.responder import Facts, Stage, phrases, responder
from raif.text import chinese, sentences, words


@responder(
    "length_constraints:number_words",
    Stage.LIMIT,
    en=(
        "Length {relation} {num_words:word}: with {lines} I get about {count}.",
        "I plan {lines} for about {count} words; asked is {relation} {num_words}.",
        "{relation} {num_words:word} means {lines} here, about {count} words.",
    ),
    zh=(
        "篇幅{relation}{num_words}个{unit}：写{lines}，大约{count}个{unit}。",
        "要{relation}{num_words}个{unit}，我用{lines}，约{count}个{unit}。",
    ),
)
def number_words(draft: Draft, num_words: int, relation: Relation, unit: str = "") -> Facts:
    cut = {"": words, "字": chinese.characters, "词": chinese.words}[unit]
    draft.bound(relation, num_words, lambda text: len(cut(text)))
    return lambda: {"lines": _lines(draft), "count": 5 * round(len(cut(draft.answer)) / 5)}


def _lines(draft: Draft) -> str:
    count = len(draft.sentences) + len(draft.closing) + len(draft.shape.openings)
    if draft.seed.language == "zh":
        return f"{count}个短句"
    return f"{count} short sentence{'' if count == 1 else 's'}"


@responder(
    "length_constraints:number_sentences",
    Stage.LIMIT,
    en=(
        "Sentences: {relation} {num_sentences}, so I write {count} about {topics}.",
        "{relation} {num_sentences:sentence} are asked. {count}: {topics}.",
        "Count the sentences, {relation} {num_sentences}: I stop after {count}.",
    ),
    zh=(
        "句子{relation}{num_sentences}句，我写{count}句，讲{topics}。",
        "{relation}{num_sentences}句：写到第{count}句为止。",
    ),
)
def number_sentences(draft: Draft, num_sentences: int, relation: Relation) -> Facts:
    language = draft.seed.language
    cut = chinese.sentences if language == "zh" else sentences
    draft.bound(relation, num_sentences, lambda text: len(cut(text)))
    return lambda: {"count": len(cut(draft.answer)), "topics": phrases(draft.topics, language)}


@responder(
    "length_constraints:number_paragraphs",
    Stage.SHAPE,
    en=(
        "Exactly {num_paragraphs:paragraph} with *** between, starting {starts}.",
        "{num_paragraphs:paragraph}, so {dividers} *** between them. They start with {starts}.",
        "I write {num_paragraphs:paragraph} and put {dividers} *** in between.",
    ),
    zh=(
        "正好{num_paragraphs}段，中间用{dividers}个 *** 隔开。",
        "{num_paragraphs}段，开头依次是{starts}，用 *** 分隔。",
    ),
)
def number_paragraphs(draft: Draft, num_paragraphs: int) -> Facts:
    draft.shape.paragraphs = num_paragraphs
    draft.shape.divider = draft.rng.choice(("\n***\n", "\n\n***\n\n"))
    language = draft.seed.language
    return lambda: {
        "dividers": num_paragraphs - 1,
        "starts": phrases([_start(part, language) for part in draft.answer.split("***")], language),
    }


def _start(paragraph: str, language: str) -> str:
    line = paragraph.strip(' "“”\n*<').split("\n")[0].rstrip(">")
    return f"“{line[:5]}”" if language == "zh" else f'"{" ".join(line.split()[:2])}"'


@responder(
    "length_constraints:nth_paragraph_first_word",
    Stage.SHAPE,
    en=(
        'Blank lines make {num_paragraphs:paragraph}; number {nth_paragraph} begins "{opening}"',
        '{num_paragraphs:paragraph}. Paragraph {nth_paragraph} opens with {first_word}: "{opening}"',
        'For paragraph {nth_paragraph} of {num_paragraphs} I write "{opening}" so {first_word} is first.',
    ),
    zh=(
        "空行分成{num_paragraphs}段，第{nth_paragraph}段开头写“{opening}”",
        "共{num_paragraphs}段，第{nth_paragraph}段以{first_word}开头：“{opening}”",
    ),
)
def nth_paragraph_first_word(draft: Draft, num_paragraphs: int, nth_paragraph: int, first_word: str) -> Facts:
    opening = _opening(draft, first_word)
    draft.shape.paragraphs, draft.shape.gap = num_paragraphs, "\n"
    draft.shape.openings[nth_paragraph - 1] = opening
    return lambda: {"opening": draft.case(opening)}


def _opening(draft: Draft, word: str) -> str:
    """A sentence of the seed that starts with the word, if one may be used, or else a short one."""
    given = [point for point in draft.seed.points if _starts(point, word, draft.seed.language)]
    written = bank.as_written(word, draft.seed)
    short = draft.rng.choice(bank.OPENINGS[draft.seed.language])
    short = short.format(word=written[0].upper() + written[1:])
    return next((point for point in given if all(limit(point) for limit in draft.limits)), short)


def _starts(point: str, word: str, language: str) -> bool:
    return point.startswith(word) if language == "zh" else words(point)[0].lower() == word.lower()
