"""Visible structure: bullets, highlights, sections, a title, JSON."""

from __future__ import annotations

import re

from raif.data.builtin.respond import bank
from raif.data.builtin.respond.draft import Draft
from raif.data.builtin.respond.responder import Facts, Stage, phrases, responder
from raif.data.builtin.seeds import Seed


@responder(
    "detectable_format:number_bullet_lists",
    Stage.SHAPE,
    en=(
        "Exactly {num_bullets:bullet}: {topics}.",
        "{num_bullets:bullet} with *, no more and no fewer: {topics}.",
        "The list gets {num_bullets:line} that start with *: {topics}.",
    ),
    zh=("正好{num_bullets}个要点：{topics}。", "列表用 * 开头，共{num_bullets}条：{topics}。"),
)
def number_bullet_lists(draft: Draft, num_bullets: int) -> Facts:
    draft.shape.bullets = num_bullets
    return lambda: {"topics": phrases(draft.topics[-num_bullets:], draft.seed.language)}


@responder(
    "detectable_format:number_highlighted_sections",
    Stage.FRAME,
    en=(
        "Highlight at least {num_highlights:phrase}: {marked}.",
        "Asterisks around at least {num_highlights:part}, I mark {marked}.",
        "I set {marked} between single asterisks for at least {num_highlights:highlight}.",
    ),
    zh=("至少强调{num_highlights}处：{marked}。", "用星号标出至少{num_highlights}处，我标{marked}。"),
)
def number_highlighted_sections(draft: Draft, num_highlights: int) -> Facts:
    marked: list[str] = []

    def mark() -> None:
        for position in sorted(draft.sentences) * num_highlights:
            if len(marked) < num_highlights and (found := _phrase(draft.sentences[position], draft.seed)):
                draft.sentences[position] = _starred(found)
                marked.append(f"*{found.group()}*")

    draft.marks.append(mark)
    return lambda: {"marked": phrases([draft.case(phrase) for phrase in marked], draft.seed.language)}


def _starred(found: re.Match[str]) -> str:
    return f"{found.string[: found.start()]}*{found.group()}*{found.string[found.end() :]}"


def _phrase(sentence: str, seed: Seed) -> re.Match[str] | None:
    """A keyword or another word to highlight; not the first one, since a line must not start with its `*`."""
    known = "|".join(map(re.escape, seed.keywords))
    if seed.language == "zh":
        patterns = [rf"(?<=[^*])(?:{known})(?!\*)", r"(?<=\w)\w{4}(?=。)"]
    else:
        patterns = [rf"(?i)(?<= )(?:{known})\b(?!\*)", r"(?<= )\w{6,}\b(?!\*)", r"(?<= )\w{3,}\b(?!\*)"]
    return next((found for pattern in patterns if (found := re.search(pattern, sentence))), None)


@responder(
    "detectable_format:multiple_sections",
    Stage.SHAPE,
    en=(
        "{num_sections:section} asked for. Their headings: {headings}.",
        "I write the headings {headings} with text below each.",
        "At least {num_sections:section}, so I use {headings}.",
    ),
    zh=("{num_sections}个部分，标题是{headings}。", "用{headings}分成至少{num_sections}个部分。"),
)
def multiple_sections(draft: Draft, section_spliter: str, num_sections: int) -> Facts:
    draft.shape.sections, draft.shape.heading = num_sections, section_spliter.strip()
    language = draft.seed.language
    return lambda: {
        "headings": phrases([f"{section_spliter} {n + 1}" for n in range(draft.shape.parts)], language)
    }


@responder(
    "detectable_format:title",
    Stage.FRAME,
    en=(
        "Title in double angle brackets: {title}.",
        "The title is {title}, inside double angle brackets.",
        "I add a title, {title}, between two pairs of angle brackets.",
    ),
    zh=("标题用双尖括号：{title}。", "加上标题“{title}”，放在双尖括号里。"),
)
def title(draft: Draft) -> Facts:
    # Where the first paragraph has to start with a given word, the title comes last.
    lines = draft.tail if 0 in draft.shape.openings else draft.head
    line = draft.add_one([f"<<{text}>>" for text in _titles(draft.seed)], lines)
    return lambda: {"title": draft.case(line.strip("<>"))}


def _titles(seed: Seed) -> list[str]:
    """The seed's title; and a plain one, for where a limit forbids that."""
    return [seed.title, bank.TASKS[seed.language][seed.task].capitalize()]


@responder(
    "detectable_format:json_format",
    Stage.SHAPE,
    en=(
        "JSON only: an object with title and points about {topics}.",
        "All of it as JSON: the keys are title and points.",
        "The answer is one JSON object, title plus a list of points ({topics}).",
    ),
    zh=("只输出 JSON：标题加内容列表。", "整个回答是一个 JSON 对象，键是标题和内容。"),
)
def json_format(draft: Draft) -> Facts:
    *titles, plain = _titles(draft.seed)
    draft.shape.json = True
    draft.shape.title = next((text for text in titles if all(limit(text) for limit in draft.limits)), plain)
    draft.shape.fenced = draft.rng.random() < 0.3
    return lambda: {"topics": phrases(draft.topics, draft.seed.language)}
