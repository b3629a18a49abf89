"""Placeholders and a postscript in Chinese."""

from __future__ import annotations

import re

from raif.constraints.kind import Count, Example, Outcome, Text, compare, variant
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
    """Counts words in [ ], ［ ］ or 【 】 within a line; a bare number and the text of a link are none."""
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
    """The marker, not as the end of a longer word, with text after it; either colon, or none, may follow.

    Case and a space after the full stops of P.S. make no difference.
    """
    marker = chinese.fold(postscript_marker).strip().rstrip("：:")
    letters = re.escape(marker).replace(r"\.", r"\.\s?").removesuffix(r"\s?")
    text = chinese.fold(response)
    start = re.search(rf"(?<!\w){letters}", text)
    found = bool(start and _WRITTEN.search(text, start.end()))
    return Outcome(found, f"{'a' if found else 'no'} postscript {postscript_marker}")
