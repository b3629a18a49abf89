"""Responders for length, visible structure, and the frame: what stands before and after the sentences."""

from __future__ import annotations

import re

from raif.constraints.kind import Relation
from raif.data.builtin.respond import bank
from raif.data.builtin.respond.draft import Draft
from raif.data.builtin.respond.responder import Facts, Phase, phrases, responder
from raif.data.builtin.seeds import Seed
from raif.text import chinese, sentences, words


@responder(
    "length_constraints:number_words",
    Phase.LIMIT,
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

    def facts() -> dict[str, object]:
        lines = len(draft.sentences) + len(draft.closing) + len(draft.structure.openings)
        english = f"{lines} short sentence{'' if lines == 1 else 's'}"
        return {
            "lines": f"{lines}个短句" if draft.seed.language == "zh" else english,
            "count": 5 * round(len(cut(draft.answer)) / 5),
        }

    return facts


@responder(
    "length_constraints:number_sentences",
    Phase.LIMIT,
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
    Phase.STRUCTURE,
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
    draft.structure.paragraphs = num_paragraphs
    draft.structure.divider = draft.rng.choice(("\n***\n", "\n\n***\n\n"))
    language = draft.seed.language

    def start(paragraph: str) -> str:
        line = paragraph.strip(' "“”\n*<').split("\n")[0].rstrip(">")
        return f"“{line[:5]}”" if language == "zh" else f'"{" ".join(line.split()[:2])}"'

    return lambda: {
        "dividers": num_paragraphs - 1,
        "starts": phrases([start(part) for part in draft.answer.split("***")], language),
    }


@responder(
    "length_constraints:nth_paragraph_first_word",
    Phase.STRUCTURE,
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
    draft.structure.paragraphs, draft.structure.gap = num_paragraphs, "\n"
    draft.structure.openings[nth_paragraph - 1] = opening
    return lambda: {"opening": draft.case(opening)}


def _opening(draft: Draft, word: str) -> str:
    """A sentence of the seed that starts with the word and breaks no limit, or else a short one."""
    if draft.seed.language == "zh":
        given = [point for point in draft.seed.points if point.startswith(word)]
    else:
        given = [point for point in draft.seed.points if words(point)[0].lower() == word.lower()]
    written = bank.as_written(word, draft.seed)
    short = draft.rng.choice(bank.OPENINGS[draft.seed.language])
    short = short.format(word=written[0].upper() + written[1:])
    return next((point for point in given if all(limit(point) for limit in draft.limits)), short)


@responder(
    "detectable_format:number_bullet_lists",
    Phase.STRUCTURE,
    en=(
        "Exactly {num_bullets:bullet}: {topics}.",
        "{num_bullets:bullet} with *, no more and no fewer: {topics}.",
        "The list gets {num_bullets:line} that start with *: {topics}.",
    ),
    zh=("正好{num_bullets}个要点：{topics}。", "列表用 * 开头，共{num_bullets}条：{topics}。"),
)
def number_bullet_lists(draft: Draft, num_bullets: int) -> Facts:
    draft.structure.bullets = num_bullets
    return lambda: {"topics": phrases(draft.topics[-num_bullets:], draft.seed.language)}


@responder(
    "detectable_format:number_highlighted_sections",
    Phase.FRAME,
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
                whole, phrase = found.string, f"*{found.group()}*"
                draft.sentences[position] = whole[: found.start()] + phrase + whole[found.end() :]
                marked.append(phrase)

    draft.marks.append(mark)
    return lambda: {"marked": phrases([draft.case(phrase) for phrase in marked], draft.seed.language)}


def _phrase(sentence: str, seed: Seed) -> re.Match[str] | None:
    """A keyword or another word to highlight. Not the first one: a line that starts with `*` is a bullet."""
    known = "|".join(map(re.escape, seed.keywords))
    if seed.language == "zh":
        patterns = [rf"(?<=[^*])(?:{known})(?!\*)", r"(?<=\w)\w{4}(?=。)"]
    else:
        patterns = [rf"(?i)(?<= )(?:{known})\b(?!\*)", r"(?<= )\w{6,}\b(?!\*)", r"(?<= )\w{3,}\b(?!\*)"]
    return next((found for pattern in patterns if (found := re.search(pattern, sentence))), None)


@responder(
    "detectable_format:multiple_sections",
    Phase.STRUCTURE,
    en=(
        "{num_sections:section} asked for. Their headings: {headings}.",
        "I write the headings {headings} with text below each.",
        "At least {num_sections:section}, so I use {headings}.",
    ),
    zh=("{num_sections}个部分，标题是{headings}。", "用{headings}分成至少{num_sections}个部分。"),
)
def multiple_sections(draft: Draft, section_spliter: str, num_sections: int) -> Facts:
    draft.structure.sections, draft.structure.heading = num_sections, section_spliter.strip()
    language = draft.seed.language
    return lambda: {
        "headings": phrases([f"{section_spliter} {n + 1}" for n in range(draft.structure.parts)], language)
    }


@responder(
    "detectable_format:title",
    Phase.FRAME,
    en=(
        "Title in double angle brackets: {title}.",
        "The title is {title}, inside double angle brackets.",
        "I add a title, {title}, between two pairs of angle brackets.",
    ),
    zh=("标题用双尖括号：{title}。", "加上标题“{title}”，放在双尖括号里。"),
)
def title(draft: Draft) -> Facts:
    # If the first paragraph has to start with a given word, the title comes last.
    lines = draft.tail if 0 in draft.structure.openings else draft.head
    line = draft.add_one([f"<<{text}>>" for text in _titles(draft.seed)], lines)
    return lambda: {"title": draft.case(line.strip("<>"))}


def _titles(seed: Seed) -> list[str]:
    """The seed's title, and a plain one in case a limit forbids it."""
    return [seed.title, bank.TASKS[seed.language][seed.task].capitalize()]


@responder(
    "detectable_format:json_format",
    Phase.STRUCTURE,
    en=(
        "JSON only: an object with title and points about {topics}.",
        "All of it as JSON: the keys are title and points.",
        "The answer is one JSON object, title plus a list of points ({topics}).",
    ),
    zh=("只输出 JSON：标题加内容列表。", "整个回答是一个 JSON 对象，键是标题和内容。"),
)
def json_format(draft: Draft) -> Facts:
    *titles, plain = _titles(draft.seed)
    allowed = (text for text in titles if all(limit(text) for limit in draft.limits))
    draft.structure.json = True
    draft.structure.title = next(allowed, plain)
    draft.structure.fenced = draft.rng.random() < 0.3
    return lambda: {"topics": phrases(draft.topics, draft.seed.language)}


@responder(
    "detectable_content:number_placeholders",
    Phase.FRAME,
    en=(
        "At least {num_placeholders:placeholder} in square brackets: {names}.",
        "Square brackets for {names}, that makes {num_placeholders}.",
        "I leave {names} open, at least {num_placeholders:placeholder} as asked.",
    ),
    zh=("至少{num_placeholders}个占位符：{names}。", "用方括号留出{names}，共{num_placeholders}个。"),
)
def number_placeholders(draft: Draft, num_placeholders: int) -> Facts:
    language = draft.seed.language
    choices = draft.rng.sample(bank.PLACEHOLDERS[language], len(bank.PLACEHOLDERS[language]))
    lines = ["".join(pieces[:num_placeholders]) + bank.STOP[language] for pieces in choices]
    line = draft.add_one(lines, draft.closing)
    names = [part.split("]")[0] for part in line.split("[")[1:]]
    return lambda: {"names": phrases([draft.case(f"[{name}]") for name in names], language)}


@responder(
    "detectable_content:postscript",
    Phase.FRAME,
    en=(
        'A postscript at the end with {postscript_marker} Mine says "{note}"',
        'After the answer comes {postscript_marker} and then "{note}"',
        'Postscript marker {postscript_marker} followed by "{note}"',
    ),
    zh=("文末写“{postscript_marker}”，后面是“{note}”", "附言以“{postscript_marker}”开头，写“{note}”"),
)
def postscript(draft: Draft, postscript_marker: str) -> Facts:
    stop = "" if postscript_marker.endswith((".", "：")) else "."
    marker = postscript_marker + stop + " " * (not postscript_marker.endswith("："))
    notes = bank.POSTSCRIPTS[draft.seed.language]
    line = draft.add_one([marker + note for note in draft.rng.sample(notes, len(notes))], draft.tail)
    return lambda: {"note": draft.case(line.removeprefix(marker))}


@responder(
    "startend:end_checker",
    Phase.EDGE,
    en=(
        "Last words: {phrase} Nothing comes after them.",
        "End with: {phrase} So that is the last line.",
        "The final line must be: {phrase}",
    ),
    zh=("最后一句写：{phrase}后面不再写。", "结尾是：{phrase}"),
)
def end_checker(draft: Draft, end_phrase: str) -> Facts:
    draft.tail.append(end_phrase)
    return lambda: {"phrase": draft.case(end_phrase)}


@responder(
    "startend:quotation",
    Phase.EDGE,
    en=(
        "Double quotes around everything: one before {first} and one after {last}",
        "The first and the last character are double quotation marks, before {first} and after {last}",
        "I open with a double quote before {first} and close with one at the end.",
    ),
    zh=(
        "用一对双引号括起全文，从“{first}”前开始。",
        "第一个字符是前引号，最后一个是后引号，开头是“{first}”。",
    ),
)
def quotation(draft: Draft) -> Facts:
    draft.quoted = True
    draft.structure.introduced = not draft.head

    def facts() -> dict[str, str]:
        text = re.sub("[<>]", "", draft.answer.strip('"“”')).split()
        return {"first": text[0][:4] if draft.seed.language == "zh" else text[0], "last": text[-1]}

    return facts


@responder(
    "combination:repeat_prompt",
    Phase.EDGE,
    en=(
        'Copy the request first, from "{start}" to "{stop}", then answer.',
        'I begin with the request word for word: "{start} ... {stop}"',
        'Repeat it unchanged at the top: it starts "{start}" and the answer follows.',
    ),
    zh=("先逐字重复请求：“{start}……”，再回答。", "开头照抄请求，从“{start}”开始，然后作答。"),
)
def repeat_prompt(draft: Draft, prompt_to_repeat: str) -> Facts:
    draft.head.insert(0, prompt_to_repeat)
    if draft.seed.language == "zh":
        return lambda: {"start": prompt_to_repeat[:6]}
    given = prompt_to_repeat.split()
    return lambda: {"start": " ".join(given[:3]), "stop": " ".join(given[-2:])}


@responder(
    "combination:two_responses",
    Phase.STRUCTURE,
    en=(
        "Two answers with ****** between: first {first}; second {second}.",
        "Six asterisks part two different answers. One has {first}, the other {second}.",
        "I write one answer on {first}, then ******, then one on {second}.",
    ),
    zh=(
        "两个回答用 ****** 隔开：先写{first}，再写{second}。",
        "第一个讲{first}，第二个讲{second}，中间是 ******。",
    ),
)
def two_responses(draft: Draft) -> Facts:
    draft.structure.paragraphs, draft.structure.divider, draft.structure.interleaved = 2, "\n******\n", True
    language = draft.seed.language
    return lambda: {
        "first": phrases(draft.topics[0::2], language),
        "second": phrases(draft.topics[1::2], language),
    }
