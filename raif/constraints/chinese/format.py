"""Visible structure in Chinese: placeholders, a postscript, bullets, highlights, sections, a title."""

from __future__ import annotations

import re

from raif.constraints.kind import Count, Example, Outcome, Text, compare, exactly, variant
from raif.text import chinese

_PLACEHOLDER = re.compile(r"\[([^\[\]\n]+)\](?!\()|［([^［］\n]+)］|【([^【】\n]+)】")
_LETTER = re.compile(r"[^\W\d_]")
_WRITTEN = re.compile(r"[^\W_]")


@variant(
    "detectable_content:number_placeholders",
    "zh",
    examples=(
        Example(True, "[姓名]，您好，【日期】见。", {"num_placeholders": 2}),
        Example(False, "（姓名），您好，[日期]见。", {"num_placeholders": 2}),
        Example(True, "寄到［地址］。", {"num_placeholders": 1}),
        Example(False, "见文献[1]和[ ]。", {"num_placeholders": 1}),
        Example(False, "见[网站](https://example.org)。", {"num_placeholders": 1}),
    ),
)
def number_placeholders(response: str, *, num_placeholders: Count) -> Outcome:
    """Counts words in [ ], ［ ］ or 【 】 within a line, but not bare numbers or the text of a link."""
    found = sum(1 for names in _PLACEHOLDER.findall(response) if _LETTER.search("".join(names)))
    return compare(found, "at least", num_placeholders, "placeholders")


@variant(
    "detectable_content:postscript",
    "zh",
    examples=(
        Example(True, "就这些。\n附言：常联系。", {"postscript_marker": "附言："}),
        Example(True, "就这些。附言:常联系。", {"postscript_marker": "附言："}),
        Example(False, "就这些。\n附言：", {"postscript_marker": "附言："}),
        Example(False, "他的附言：常联系。", {"postscript_marker": "附言："}),
        Example(True, "就这些。\n\np. s. 常联系。", {"postscript_marker": "P.S."}),
        Example(False, "就这些。\nPS：常联系。", {"postscript_marker": "P.S."}),
    ),
)
def postscript(response: str, *, postscript_marker: Text) -> Outcome:
    """The marker with text after it, not at the end of a longer word. Either colon may follow, or none.

    Case and a space after the full stops of P.S. make no difference.
    """
    marker = chinese.fold(postscript_marker).strip().rstrip("：:")
    letters = re.escape(marker).replace(r"\.", r"\.\s?").removesuffix(r"\s?")
    text = chinese.fold(response)
    start = re.search(rf"(?<!\w){letters}", text)
    found = bool(start and _WRITTEN.search(text, start.end()))
    return Outcome(found, f"{'a' if found else 'no'} postscript {postscript_marker}")


_BULLET = re.compile(r"^[^\S\n]*(?:[*+-][^\S\n]|\*(?!\*)(?=[^*\n]*$)|-(?![-\d])|[•·●])(.*)$", re.MULTILINE)
_TITLE = re.compile(
    r"[^\w<＜《\n]{0,20}(?:<<([^<>\n]+)>>|＜＜([^＜＞\n]+)＞＞|《([^《》\n]+)》)[^\w\n]*(?:\n|\Z)"
)
_OPTIONS = (
    "我的答案是肯定的",
    "我的答案是否定的",
    "我的答案是不确定的",
    "My answer is yes.",
    "My answer is no.",
    "My answer is maybe.",
)


@variant(
    "detectable_format:number_bullet_lists",
    "zh",
    examples=(
        Example(True, "* 茶\n- 水\n• 酒", {"num_bullets": 3}),
        Example(False, "* 茶\n- 水", {"num_bullets": 3}),
        Example(True, "*茶\n-水\n　· 酒", {"num_bullets": 3}),
        Example(True, "1. 茶\n2. 水", {"num_bullets": 0}),
        Example(True, "*重点*在这里。\n**茶**\n---\n-5度\n* * *", {"num_bullets": 0}),
        Example(False, "茶 * 水 - 酒", {"num_bullets": 1}),
    ),
)
def number_bullet_lists(response: str, *, num_bullets: Count) -> Outcome:
    """Counts lines with text that start with a bullet: * - + • · or ●. Numbered lines don't count.

    Neither do highlights, dividers and negative numbers at the start of a line.
    """
    found = sum(1 for text in _BULLET.findall(response) if _WRITTEN.search(text))
    return exactly(found, num_bullets, "bullets")


@variant(
    "detectable_format:multiple_sections",
    "zh",
    examples=(
        Example(True, "章节 1\n茶。\n章节 2\n水。", {"section_spliter": "章节", "num_sections": 2}),
        Example(False, "章节 1\n章节 2", {"section_spliter": "章节", "num_sections": 2}),
        Example(False, "章节 1\n见章节 2。", {"section_spliter": "章节", "num_sections": 2}),
        Example(True, "## 步骤一：烧水\n**步骤二**：倒水", {"section_spliter": "步骤", "num_sections": 2}),
        Example(False, "部分甲\n部分乙", {"section_spliter": "部分", "num_sections": 2}),
        Example(True, "【Part１】茶", {"section_spliter": "part", "num_sections": 1}),
    ),
)
def multiple_sections(response: str, *, section_spliter: Text, num_sections: Count) -> Outcome:
    """Exactly as many lines start with the word and an Arabic or Chinese number, and text follows each.

    Marks may precede the word.
    """
    head = rf"^[^\w\n]{{0,20}}{re.escape(chinese.fold(section_spliter.strip()))}[^\S\n]?"
    _, *parts = re.split(
        rf"{head}(?:\d+|[一二三四五六七八九十]+)", chinese.fold(response), flags=re.MULTILINE
    )
    if not all(map(chinese.characters, parts)):
        return Outcome(False, "an empty section")
    return exactly(len(parts), num_sections, "sections")


@variant(
    "detectable_format:title",
    "zh",
    examples=(
        Example(True, "<<茶>>\n茶很香。", {}),
        Example(True, "# 《茶》\n茶很香。", {}),
        Example(False, "我读过《红楼梦》。", {}),
        Example(False, "茶很香。\n<<茶>>", {}),
        Example(False, "<茶>\n茶很香。", {}),
        Example(False, "<< >>\n茶很香。", {}),
    ),
)
def title(response: str) -> Outcome:
    """At the top, on a line of its own, in << >>, ＜＜ ＞＞ or 《 》."""
    found = _TITLE.match(response.strip())
    passed = bool(found and _WRITTEN.search("".join(filter(None, found.groups()))))
    return Outcome(passed, f"{'a' if passed else 'no'} title at the top")


@variant(
    "detectable_format:constrained_response",
    "zh",
    examples=(
        Example(True, "我的答案是肯定的。", {}),
        Example(True, "想了很久，我的答案是不确定的。", {}),
        Example(False, "是的。", {}),
        Example(False, "我的答案是肯定的。也许我的答案是否定的。", {}),
        Example(True, "My answer is maybe.", {}),
    ),
)
def constrained_response(response: str) -> Outcome:
    """Exactly one of the answers 我的答案是肯定的, …否定的 and …不确定的, or of IFEval's three in English."""
    found = [option for option in _OPTIONS if option in response]
    return Outcome(len(found) == 1, f"contains {found}" if found else "none of the options")
