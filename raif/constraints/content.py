"""Placeholders to fill in, and a postscript."""

from __future__ import annotations

import random
import re
from typing import Annotated, Any

from raif.constraints.kind import Count, Example, Material, Outcome, Text, compare, kind, pattern
from raif.text.search import count

_PLACEHOLDER = re.compile(r"\[.*?\]")
_POSTSCRIPTS = {"P.S.": r"p\.\s?s\.", "P.P.S": r"p\.\s?p\.\s?s"}
_CHINESE = ("附言：", "又及：", "P.S.")


def _postscript(marker: str) -> str:
    marker = marker.strip()
    return _POSTSCRIPTS.get(marker, marker.lower())


def _draw_postscript(rng: random.Random, material: Material) -> dict[str, Any]:
    """P.S. or P.P.S; in Chinese, a Chinese word for it or P.S."""
    markers = _CHINESE if material.language == "zh" else tuple(_POSTSCRIPTS)
    return {"postscript_marker": rng.choice(markers)}


@kind(
    "detectable_content:number_placeholders",
    wordings={
        "en": (
            "Use at least {num_placeholders:placeholder} in square brackets, such as [name].",
            "Put in {num_placeholders:placeholder} or more, to be filled in later, like [address].",
            "Leave at least {num_placeholders:detail} open as placeholders in square brackets, e.g. [date].",
            "I will fill in {num_placeholders:detail} or more myself, so put brackets like [name] there.",
            "I need {num_placeholders:blank} or more to fill in, written as [date] or the like.",
        ),
        "zh": (
            "回答中至少使用{num_placeholders}个方括号占位符，例如[姓名]或【姓名】。",
            "回答必须包含至少{num_placeholders}个占位符，用方括号表示，如[地址]。",
            "请至少留出{num_placeholders}处信息，用方括号占位，如[日期]。",
            "需要我自己填的地方用方括号标出，如[姓名]，不少于{num_placeholders}处。",
            "留{num_placeholders}处或更多给我填写，写成[日期]这样。",
        ),
    },
    draw=lambda rng, material: {"num_placeholders": rng.randint(1, 3)},
    examples=(
        Example(True, "Dear [name], see you on [date].", {"num_placeholders": 2}),
        Example(False, "Dear (name), see you on [date].", {"num_placeholders": 2}),
    ),
)
def number_placeholders(response: str, *, num_placeholders: Count) -> Outcome:
    """Counts pairs of square brackets on one line, including empty ones."""
    # Only up to a line's last bracket: a run of unclosed brackets would take quadratic time.
    closed = (line[: line.rfind("]") + 1] for line in response.split("\n") if "]" in line)
    found = sum(len(_PLACEHOLDER.findall(line)) for line in closed)
    return compare(found, "at least", num_placeholders, "placeholders")


@kind(
    "detectable_content:postscript",
    wordings={
        "en": (
            'Below everything else goes a postscript that opens with "{postscript_marker}".',
            'Finish with a postscript that has "{postscript_marker}" at its beginning.',
            'Let "{postscript_marker}" open a postscript at the very bottom.',
            'I also want a postscript. Put "{postscript_marker}" before it.',
            'Close with something small after "{postscript_marker}" as a postscript.',
        ),
        "zh": (
            "请在回答末尾加上以“{postscript_marker}”开头的附言。",
            "回答最后要有一段附言，以“{postscript_marker}”开头。",
            "结尾处请添加附言，并用“{postscript_marker}”开头。",
            "最后补一段附言，开头写“{postscript_marker}”。",
            "正文之后另起一行，写一段附言，用“{postscript_marker}”引出。",
        ),
    },
    draw=_draw_postscript,
    examples=(
        Example(True, "That is all.\np. s. Write soon.", {"postscript_marker": "P.S."}),
        Example(False, "That is all.\nPS: Write soon.", {"postscript_marker": "P.S."}),
    ),
)
def postscript(response: str, *, postscript_marker: Annotated[Text, pattern(_postscript)]) -> Outcome:
    """Anywhere, even within a line. Any marker other than the two known ones is an unescaped regex."""
    searched = _postscript(postscript_marker)
    found = count("search", searched, response.lower(), re.MULTILINE, given=postscript_marker.strip().lower())
    return Outcome(bool(found), f"{'a' if found else 'no'} postscript {postscript_marker}")
