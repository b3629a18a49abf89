"""Visible structure: bullets, highlights, sections, a title, JSON, or one of three fixed answers."""

from __future__ import annotations

import json
import random
import re
from typing import Annotated, Any

from raif.constraints.kind import (
    CASES,
    COUNTS,
    PROSE,
    Count,
    Example,
    Material,
    Outcome,
    compare,
    exactly,
    kind,
    pattern,
)
from raif.text.search import count

# Upstream, an indent may contain blank lines (`^\s*`). Without them the same bullets are found, faster.
_BULLET = re.compile(r"^[^\S\n]*\*[^\*].*$", re.MULTILINE)
_DASH = re.compile(r"^[^\S\n]*-.*$", re.MULTILINE)
_HIGHLIGHT = re.compile(r"\*[^\n\*]*\*")
_BOLD = re.compile(r"\*\*[^\n\*]*\*\*")
_OPTIONS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
_SPLITTERS = {"en": ("Section", "Part", "Step"), "zh": ("章节", "部分", "步骤")}


def unfenced(text: str, language: str) -> str:
    """The text without a markdown fence around it, with or without the language's name."""
    for name in (language, language.capitalize(), language.upper(), ""):
        text = text.removeprefix(f"```{name}")
    return text.removesuffix("```").strip()


def json_outcome(text: str) -> Outcome:
    """Whether `text` is one JSON value."""
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        return Outcome(False, f"not JSON: {error}")
    return Outcome(True, "valid JSON")


def _divider(splitter: str) -> str:
    return rf"\s?{splitter.strip()}\s?\d+\s?"


def _draw_sections(rng: random.Random, material: Material) -> dict[str, Any]:
    """2 or 3, named by one of three words."""
    splitters = _SPLITTERS.get(material.language, _SPLITTERS["en"])
    return {"section_spliter": rng.choice(splitters), "num_sections": rng.randint(2, 3)}


@kind(
    "detectable_format:number_bullet_lists",
    wordings={
        "en": (
            "Make it a list with exactly {num_bullets:bullet point}, each written as in markdown: * A point.",
            "Have exactly {num_bullets:bullet point} in it, each on a line that starts with an asterisk (*).",
            "Use markdown bullets like * This; in total it takes exactly {num_bullets:bullet point}.",
            'I want a markdown list of exactly {num_bullets:bullet point}, with lines like "* A point".',
            "Bring it into exactly {num_bullets:bullet point}, each on its own line after an asterisk.",
        ),
        "zh": (
            "回答必须正好包含{num_bullets}个要点，使用 markdown 列表格式，例如：* 要点。",
            "请正好列出{num_bullets}个要点，每个单独一行，以项目符号（*、- 或 •）开头。",
            "用 markdown 项目符号（如 * 内容）作答，总共正好{num_bullets}条。",
            "用列表来写，正好{num_bullets}条，每条以 * 开头。",
            "要有一个 markdown 列表，不多不少{num_bullets}个要点。",
        ),
    },
    draw=lambda rng, material: {"num_bullets": rng.randint(2, 5)},
    examples=(
        Example(True, "* one\n- two", {"num_bullets": 2}),
        Example(False, "* one\n- two\n- three", {"num_bullets": 2}),
    ),
)
def number_bullet_lists(response: str, *, num_bullets: Count) -> Outcome:
    """Counts the lines that start with a single `*` or with `-`, indented or not."""
    found = len(_BULLET.findall(response)) + len(_DASH.findall(response))
    return exactly(found, num_bullets, "bullets")


@kind(
    "detectable_format:number_highlighted_sections",
    wordings={
        "en": (
            "Set off at least {num_highlights:phrase} by asterisks in the markdown way, *like this*.",
            "Put at least {num_highlights:phrase} between asterisks, *such as this*, to highlight them.",
            "Make {num_highlights:passage} or more stand out with *asterisks around them*.",
            "Highlight {num_highlights:phrase} or more with *single asterisks*.",
            "Mark {num_highlights:phrase} or more with *asterisks*, wherever it matters.",
        ),
        "zh": (
            "用 markdown 在回答中至少强调{num_highlights}处内容，即 *强调内容*。",
            "请至少将{num_highlights}个短语用星号突出显示，例如 *这样*。",
            "回答中至少要有{num_highlights}处用 *星号* 标出的重点。",
            "把重要的地方用 *星号* 标出来，不少于{num_highlights}处。",
            "请标出至少{num_highlights}处重点，写法是 *重点*。",
        ),
    },
    draw=lambda rng, material: {"num_highlights": rng.randint(1, 3)},
    examples=(
        Example(True, "*one* and **two**", {"num_highlights": 2}),
        Example(False, "**one** and two", {"num_highlights": 2}),
    ),
)
def number_highlighted_sections(response: str, *, num_highlights: Count) -> Outcome:
    """Both patterns count, so `***a***` is two highlights, as upstream."""
    single = sum(1 for match in _HIGHLIGHT.findall(response) if match.strip("*").strip())
    double = sum(1 for match in _BOLD.findall(response) if match[2:-2].strip())
    return compare(single + double, "at least", num_highlights, "highlights")


@kind(
    "detectable_format:multiple_sections",
    wordings={
        "en": (
            "Let it fall into {num_sections:section}. "
            "The first line of each names it: {section_spliter} 1, {section_spliter} 2 and so on.",
            "Divide your answer into {num_sections:section} headed {section_spliter} 1 and so on.",
            "Organize what you write in {num_sections:section}; start them with {section_spliter} 1, "
            "{section_spliter} 2, and so forth.",
            "I want {num_sections:section}, each under a heading of its own: {section_spliter} 1, "
            "{section_spliter} 2, and so on.",
            "Put it into {num_sections:section} and number the headings: {section_spliter} 1 comes first.",
        ),
        "zh": (
            "回答要有{num_sections}个部分，每个部分另起一行，以“{section_spliter} 编号”开头，"
            "例如 {section_spliter} 1。",
            "请把回答分成{num_sections}个部分，每部分的第一行依次以 {section_spliter} 1 这样的形式开头。",
            "回答应包含{num_sections}个部分，各起一行，开头是 {section_spliter} 1、{section_spliter} 2 等。",
            "全文分{num_sections}个部分，各以“{section_spliter} 1”、“{section_spliter} 2”这样的"
            "标头另起一行。",
            "分成{num_sections}个部分来写，标头依次为 {section_spliter} 1、{section_spliter} 2……",
        ),
    },
    draw=_draw_sections,
    conflicts=frozenset({"detectable_format:number_highlighted_sections"}),  # a heading may be a highlight
    examples=(
        Example(True, "Part 1\nTea.\nPart 2\nMilk.", {"section_spliter": "Part", "num_sections": 2}),
        Example(False, "PART 1\nTea.\nPART 2\nMilk.", {"section_spliter": "Part", "num_sections": 2}),
    ),
)
def multiple_sections(
    response: str, *, section_spliter: Annotated[str, pattern(_divider)], num_sections: Count
) -> Outcome:
    """Counts the splitter, a case-sensitive unescaped regex, followed by a number, anywhere."""
    found = count("split", _divider(section_spliter), response, given=section_spliter.strip()) - 1
    return compare(found, "at least", num_sections, "sections")


@kind(
    "detectable_format:title",
    wordings={
        "en": (
            "Start with a title between double angle brackets, written as <<my title>>.",
            "A title belongs at the top, with << before it and >> after it.",
            "Begin with a title and put it inside << and >>, like <<this>>.",
            "Give it a title in double angle brackets, <<like so>>, on the first line.",
            "Head it with a title between << and >>.",
        ),
        "zh": (
            "回答以标题开头，并用双尖括号括起来，例如 <<标题>>。",
            "请在最前面加上标题，放在 << 和 >> 之间。",
            "开头要有用双尖括号表示的标题，如 <<我的标题>>。",
            "第一行写标题，用 << 和 >> 括住。",
            "要有标题，写成 <<标题>> 的样子，放在开头。",
        ),
    },
    draw=lambda rng, material: {},
    examples=(Example(True, "<<Tea>>\nIt is hot.", {}), Example(False, "<Tea>\nIt is hot.", {})),
)
def title(response: str) -> Outcome:
    """Text between `<<` and `>>` on one line, anywhere."""
    # What `<<[^\n]+>>` matches in a line, without trying every `<<` of a line without `>>`.
    lines = (line for line in response.split("\n") if "<<" in line)
    spans = ((line, line.find("<<"), line.rfind(">>")) for line in lines)
    titles = (line[start:end] for line, start, end in spans if start < end - 2)
    found = any(text.lstrip("<").rstrip(">").strip() for text in titles)
    return Outcome(found, f"{'a' if found else 'no'} title in double angular brackets")


@kind(
    "detectable_format:json_format",
    wordings={
        "en": (
            "Your entire output should be wrapped in JSON format.",
            "Respond with valid JSON and nothing else. Markdown ticks such as ``` are allowed.",
            "Write the whole answer as JSON.",
            "I can only use JSON, so give me nothing but valid JSON.",
            "Return the answer as a single JSON value. You may put ``` around it.",
        ),
        "zh": (
            "整个输出必须是 JSON 格式。",
            "请只输出合法的 JSON，可以使用 markdown 代码块（```）。",
            "全部回答都要写成 JSON 格式。",
            "给我合法的 JSON 就好，程序会直接读取。",
            "以一个完整的 JSON 对象作答，前后可以加 ```。",
        ),
    },
    draw=lambda rng, material: {},
    # All but the smallest JSON values have a comma.
    conflicts=PROSE | COUNTS | CASES | {"punctuation:no_comma", "language:response_language"},
    examples=(
        Example(True, '```json\n{"tea": "hot"}\n```', {}),
        Example(False, 'Here it is: {"tea": "hot"}', {}),
    ),
)
def json_format(response: str) -> Outcome:
    """The whole response parses as JSON, with or without a code fence around it."""
    return json_outcome(unfenced(response.strip(), "json"))


@kind(
    "detectable_format:constrained_response",
    wordings={
        "en": (
            'There are three possible replies, and you pick one: "My answer is yes.", "My answer is no.", '
            '"My answer is maybe."',
            'Choose your answer from these: "My answer is yes.", "My answer is no.", "My answer is maybe."',
            'Respond with exactly one of "My answer is yes.", "My answer is no." and "My answer is maybe."',
        ),
        "zh": (
            "请从以下选项中选择一个作答：“我的答案是肯定的。”、“我的答案是否定的。”、“我的答案是不确定的。”",
            "你的回答必须包含且只包含以下三句中的一句：“我的答案是肯定的。”、“我的答案是否定的。”、"
            "“我的答案是不确定的。”",
            "只能选择其中一句回答：“我的答案是肯定的。”、“我的答案是否定的。”或“我的答案是不确定的。”",
        ),
    },
    draw=lambda rng, material: {},
    # An answer that is one given sentence, in mixed case, leaves no room for anything else.
    conflicts=PROSE
    | COUNTS
    | CASES
    | {
        "keywords:existence",
        "keywords:forbidden_words",
        "language:response_language",
        "punctuation:no_comma",
        "detectable_format:json_format",
    },
    examples=(Example(True, "My answer is maybe.", {}), Example(False, "my answer is maybe.", {})),
)
def constrained_response(response: str) -> Outcome:
    """The response contains one of the three options, in exactly this case."""
    found = next((option for option in _OPTIONS if option in response), None)
    return Outcome(found is not None, f'contains "{found}"' if found else "none of the three options")
