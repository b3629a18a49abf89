"""Words, sentences and paragraphs of a response, in languages that put spaces between words."""

from __future__ import annotations

import random
import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo

from raif.constraints.kind import (
    Count,
    Example,
    Material,
    Outcome,
    Relation,
    Text,
    compare,
    draw_bound,
    exactly,
    kind,
)
from raif.text import count_words, sentences, words


def _draw_sentences(rng: random.Random, material: Material) -> dict[str, Any]:
    relation, bound = draw_bound(rng, at_least=(2, 5), less_than=(4, 8))
    return {"num_sentences": bound, "relation": relation}


def _draw_words(rng: random.Random, material: Material) -> dict[str, Any]:
    """In tens. In Chinese, `unit` says whether characters or words are counted."""
    relation, tens = draw_bound(rng, at_least=(2, 8), less_than=(6, 12))
    drawn = {"num_words": 10 * tens, "relation": relation}
    return drawn | {"unit": rng.choice(("字", "词"))} if material.language == "zh" else drawn


def _draw_first_word(rng: random.Random, material: Material) -> dict[str, Any]:
    """Any of 2 to 4 paragraphs starts with a single word without punctuation."""
    single = [word for word in material.words if len(words(word)) == 1 and word.isalnum()]
    count = rng.randint(2, 4)
    return {
        "num_paragraphs": count,
        "nth_paragraph": rng.randint(1, count),
        "first_word": rng.choice(single or ["今天" if material.language == "zh" else "today"]),
    }


def _exists(nth: int, info: ValidationInfo) -> int:
    if nth > info.data.get("num_paragraphs", nth):
        raise ValueError(f"only {info.data['num_paragraphs']} paragraphs are asked for")
    return nth


Nth = Annotated[int, Field(ge=1), AfterValidator(_exists)]


@kind(
    "length_constraints:number_sentences",
    wordings={
        "en": (
            "Say it in {relation} {num_sentences:sentence}.",
            "Put what you have to say into {relation} {num_sentences:sentence}.",
            "Answer in {relation} {num_sentences:sentence}.",
            "I expect {relation} {num_sentences:sentence}.",
            "It may take you {relation} {num_sentences:sentence} to say it.",
        ),
        "zh": (
            "回答应包含{relation}{num_sentences}个句子。",
            "句子的数目要{relation}{num_sentences}句。",
            "全文的句子数应{relation}{num_sentences}句。",
            "写{relation}{num_sentences}句话。",
            "句数的要求是{relation}{num_sentences}句。",
        ),
    },
    draw=_draw_sentences,
    examples=(
        Example(True, "Mr. Smith left. He was late.", {"num_sentences": 3, "relation": "less than"}),
        Example(False, "Mr. Smith left. He was late.", {"num_sentences": 3, "relation": "at least"}),
    ),
)
def number_sentences(response: str, *, num_sentences: Count, relation: Relation) -> Outcome:
    """Sentences by Punkt's English model: `。` and line breaks don't end one."""
    return compare(len(sentences(response)), relation, num_sentences, "sentences")


@kind(
    "length_constraints:number_words",
    wordings={
        "en": (
            "Make it {relation} {num_words:word} long.",
            "The length I have in mind is {relation} {num_words:word}.",
            "Use {relation} {num_words:word} in total.",
            "I would like {relation} {num_words:word} from you.",
            "Keep an eye on the length, which is to be {relation} {num_words:word}.",
        ),
        "zh": (
            "回答的长度应{relation}{num_words}个{unit}，标点不计。",
            "篇幅要{relation}{num_words}个{unit}（不含标点）。",
            "不算标点，全文的长度是{relation}{num_words}个{unit}。",
            "字数要求：{relation}{num_words}个{unit}，标点除外。",
            "写{relation}{num_words}个{unit}，标点不算在内。",
        ),
    },
    draw=_draw_words,
    examples=(
        Example(True, "Four words are here.", {"num_words": 4, "relation": "at least"}),
        Example(False, "Four words are here.", {"num_words": 4, "relation": "less than"}),
    ),
)
def number_words(response: str, *, num_words: Count, relation: Relation) -> Outcome:
    """A word is a run of letters, digits and underscores: `don't` is two, unspaced Chinese one."""
    return compare(count_words(response), relation, num_words, "words")


@kind(
    "length_constraints:number_paragraphs",
    wordings={
        "en": (
            "Write exactly {num_paragraphs:paragraph}, separated from each other by the divider ***.",
            "There should be {num_paragraphs:paragraph}. Put *** between paragraphs.",
            "Structure your answer as {num_paragraphs:paragraph} with the markdown divider *** between them.",
            "Divide it by *** into exactly {num_paragraphs:paragraph}.",
            "I want exactly {num_paragraphs:paragraph}, and *** on a line of its own wherever one ends and "
            "another begins.",
        ),
        "zh": (
            "回答应正好有{num_paragraphs}个段落，段落之间用分隔符 *** 隔开。",
            "请写{num_paragraphs}段，各段之间用 *** 分隔。",
            "把回答分为{num_paragraphs}段，并用 markdown 分隔符 *** 隔开。",
            "用 *** 把全文正好分成{num_paragraphs}段。",
            "写{num_paragraphs}个段落，段间单独一行写 ***。",
        ),
    },
    draw=lambda rng, material: {"num_paragraphs": rng.randint(2, 4)},
    # Each splits paragraphs in its own way, and a divider is not part of a sentence.
    conflicts=frozenset(
        {"length_constraints:nth_paragraph_first_word", "length_constraints:number_sentences"}
    ),
    examples=(
        Example(True, "one\n***\ntwo", {"num_paragraphs": 2}),
        Example(False, "one\n\ntwo", {"num_paragraphs": 2}),
    ),
)
def number_paragraphs(response: str, *, num_paragraphs: Count) -> Outcome:
    """Parts between dividers. A blank part is ignored at the start and end, and fails anywhere else."""
    parts = re.split(r"\s?\*\*\*\s?", response) if "***" in response else [response]
    blanks = [index for index, part in enumerate(parts) if not part.strip()]
    if any(0 < index < len(parts) - 1 for index in blanks):
        return Outcome(False, "a blank paragraph between two dividers")
    return exactly(len(parts) - len(blanks), num_paragraphs, "paragraphs")


@kind(
    "length_constraints:nth_paragraph_first_word",
    wordings={
        "en": (
            "Write {num_paragraphs:paragraph} with an empty line between any two. "
            'Paragraph {nth_paragraph} opens with the word "{first_word}".',
            "I need exactly {num_paragraphs:paragraph} with a blank line in between, "
            'and "{first_word}" as the first word of paragraph {nth_paragraph}.',
            "Give {num_paragraphs:paragraph} divided by blank lines only. "
            'Begin paragraph {nth_paragraph} with "{first_word}".',
            "Let there be {num_paragraphs:paragraph}, each followed by a blank line but the last, and let "
            '"{first_word}" be what paragraph {nth_paragraph} starts with.',
            "Break it by blank lines into {num_paragraphs:paragraph}; paragraph {nth_paragraph} starts with "
            '"{first_word}".',
        ),
        "zh": (
            "请写{num_paragraphs}个段落，段与段之间空一行，第{nth_paragraph}段必须以“{first_word}”开头。",
            "回答应正好有{num_paragraphs}段，用空行隔开，其中第{nth_paragraph}段的开头是“{first_word}”。",
            "用空行把回答分成{num_paragraphs}段，并以“{first_word}”作为第{nth_paragraph}段的开头。",
            "全文{num_paragraphs}段，以空行分隔，“{first_word}”放在第{nth_paragraph}段的最前面。",
            "写成{num_paragraphs}段，段间留空行，第{nth_paragraph}段从“{first_word}”写起。",
        ),
    },
    draw=_draw_first_word,
    examples=(
        Example(True, "One.\n\nBut two.", {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "but"}),
        Example(False, "One.\n\nTwo.", {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "but"}),
    ),
)
def nth_paragraph_first_word(
    response: str,
    *,
    num_paragraphs: Count,
    nth_paragraph: Nth,
    first_word: Text,
) -> Outcome:
    """Blank parts don't count as paragraphs, but do when the nth is looked up, as upstream."""
    parts = response.split("\n\n")
    count = sum(1 for part in parts if part.strip())
    if nth_paragraph > count or not parts[nth_paragraph - 1].strip():
        return Outcome(False, f"no paragraph {nth_paragraph}: {count} in all")
    if count != num_paragraphs:
        return exactly(count, num_paragraphs, "paragraphs")
    token = parts[nth_paragraph - 1].split()[0].lstrip("'").lstrip('"')
    found = re.split(r"[.,?!'\"]", token, maxsplit=1)[0].lower()
    return Outcome(
        found == first_word.lower(),
        f'paragraph {nth_paragraph} starts with "{found}", asked for "{first_word}"',
    )
