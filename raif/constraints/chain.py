"""Steps of a chain that can't be taken before another one: they use what was written, or fix the order.

They are raif's own kinds. The same check serves English and Chinese.
"""

from __future__ import annotations

import random
import re
from typing import Annotated, Any, Literal

from pydantic import Field

from raif.constraints.kind import PROSE, Example, Material, Outcome, kind
from raif.text import chinese, sentences
from raif.text.release import CURRENT

Part = Literal["title", "list", "postscript"]
_TITLE = re.compile(r"<<([^<>\n]+)>>|^[^\w《\n]{0,20}《([^《》\n]+)》[^\w\n]*$", re.MULTILINE)
_BULLET = re.compile(r"^[^\S\n]*(?:[*•·+-][^\S\n]|\*(?!\*)(?=[^*\n]*$))\W*\w", re.MULTILINE)
_POSTSCRIPT = re.compile(r"p\.\s?(?:p\.\s?)?s|附言|又及", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")
_AROUND = " \t　*_#\"'“”‘’「」。."
_PLACES: dict[Part, re.Pattern[str]] = {"title": _TITLE, "list": _BULLET, "postscript": _POSTSCRIPT}


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2].strip(_AROUND)


def _draw_order(rng: random.Random, material: Material) -> dict[str, Any]:
    """Two or three of the parts, from top to bottom."""
    parts: list[Part] = ["title", "list", "postscript"]
    if rng.random() < 0.5:
        parts.remove(rng.choice(parts))
    return {"parts": parts}


@kind(
    "chain:title_again",
    wordings={
        "en": (
            "Close with that title once more, without its brackets, as a line of its own.",
            "Let the last line be the title again, this time without the angular brackets.",
            "Take the title and write it a second time as the last line, with no brackets around it.",
            "Repeat that title at the very bottom, on its own line and without brackets.",
            "The last line is that title once more, with nothing around it.",
        ),
        "zh": (
            "把这个标题去掉括号，作为最后一行再写一遍。",
            "最后一行重复这个标题，不带尖括号。",
            "用同一个标题收尾，单独成行，不加括号。",
            "末行再写一次这个标题，括号去掉。",
            "结尾单独一行，重写上面的标题，不要括号。",
        ),
    },
    draw=lambda rng, material: {},
    conflicts=frozenset({"startend:end_checker", "startend:quotation", "detectable_format:json_format"})
    | {"chain:bullets_counted", "chain:first_sentence_again", "combination:two_responses"},
    examples=(
        Example(True, "<<Green Tea>>\nIt is mild.\n\nGreen Tea", {}),
        Example(True, "<<绿茶>>\n很香。\n\n绿茶", {}),
        Example(False, "<<Green Tea>>\nIt is mild.\n\nBlack Tea", {}),
        Example(False, "Green Tea", {}),
    ),
)
def title_again(response: str) -> Outcome:
    """The last line is the text of the title in angular brackets above it, in any case."""
    found = _TITLE.search(response)
    if not found:
        return Outcome(False, "no title in double angular brackets")
    title, last = (found[1] or found[2]).strip(_AROUND), _last_line(response[found.end() :])
    return Outcome(bool(last) and last.lower() == title.lower(), f'title "{title}", last line "{last[-40:]}"')


@kind(
    "chain:bullets_counted",
    wordings={
        "en": (
            "Count those bullet points and state the number in digits on the last line.",
            "Let the last line say in digits how many bullet points you made.",
            "Close with a line that gives the number of your bullet points as a digit.",
            "Give the number of those points in digits at the very bottom, on its own line.",
            "The last line states, in digits, how many points the list has.",
        ),
        "zh": (
            "数一数上面的要点，最后一行用阿拉伯数字写出个数。",
            "最后一行用数字说明一共列了几个要点。",
            "用一行收尾，写明要点的个数（阿拉伯数字）。",
            "最后单独一行，用阿拉伯数字写明列表有几条。",
            "末行写出上面列表的条数，用数字。",
        ),
    },
    draw=lambda rng, material: {},
    conflicts=frozenset({"startend:end_checker", "startend:quotation", "detectable_format:json_format"})
    | {"chain:first_sentence_again", "combination:two_responses"},
    examples=(
        Example(True, "* tea\n* milk\n\nNumber of points: 2", {}),
        Example(True, "* 茶\n* 奶\n\n要点数：2", {}),
        Example(False, "* tea\n* milk\n\nNumber of points: 3", {}),
        Example(False, "Tea and milk.\n\nNumber of points: 0", {}),
    ),
)
def bullets_counted(response: str) -> Outcome:
    """The last line has one number, which is that of the bullets above it. Without a bullet it fails."""
    above, _, last = response.strip().rpartition("\n")
    count, stated = len(_BULLET.findall(above)), _NUMBER.findall(last)
    passed = count > 0 and stated == [str(count)]
    return Outcome(passed, f"{count} bullets, the last line says {' '.join(stated[:3]) or 'no number'}")


@kind(
    "chain:first_sentence_again",
    wordings={
        "en": (
            "Repeat the first sentence of your answer word for word as the last line.",
            "Close by writing your opening sentence again, unchanged, on a line of its own.",
            "Let the last line be the same sentence that your answer opened with.",
            "Come back to your first sentence: it stands again, unchanged, on the last line.",
            "Your opening sentence is also the last line, word for word.",
        ),
        "zh": (
            "把回答的第一句话原样作为最后一行再写一遍。",
            "最后另起一行，一字不改地重复开头那句话。",
            "用开头的第一句话收尾，单独成行，不作改动。",
            "最后一行与开头第一句完全相同。",
            "结尾单独一行，把开头第一句再抄一遍。",
        ),
    },
    draw=lambda rng, material: {},
    conflicts=(PROSE - {"detectable_format:title", "detectable_content:postscript"})
    | {"detectable_format:json_format"},
    examples=(
        Example(True, "Tea is mild. Drink it.\n\nTea is mild.", {}),
        Example(True, "<<茶>>\n\n茶很淡。请喝。\n\n茶很淡。", {}),
        Example(False, "Tea is mild. Drink it.", {}),
        Example(False, "Tea is mild.", {}),
    ),
)
def first_sentence_again(response: str) -> Outcome:
    """The last line is the first sentence after the title, if there is one, and both are there."""
    text = _TITLE.sub("", response).strip()
    first, _, _ = text.partition("\n")
    cut = chinese.sentences(first) if chinese.is_chinese(first) else sentences(first, CURRENT)
    opening = cut[0].strip(_AROUND) if cut else ""
    last = _last_line(text)
    passed = bool(opening) and "\n" in text and last == opening
    return Outcome(passed, f'opens with "{opening[:40]}", last line "{last[:40]}"')


@kind(
    "chain:in_order",
    wordings={
        "en": (
            "Keep to this order from top to bottom: {parts}.",
            "From top to bottom the order has to be {parts}.",
            "Check that they stand in this order on the page: {parts}.",
            "Place them in this order, top to bottom: {parts}.",
            "The order on the page is {parts}.",
        ),
        "zh": (
            "从上到下的顺序必须是：{parts}。",
            "请保持这个先后顺序：{parts}。",
            "确认它们在文中依次是：{parts}。",
            "按这个次序自上而下排列：{parts}。",
            "版面上的先后是：{parts}。",
        ),
    },
    draw=_draw_order,
    conflicts=frozenset({"detectable_format:json_format", "combination:two_responses"}),
    examples=(
        Example(True, "<<Tea>>\n* mild\nP.S. Drink it.", {"parts": ["title", "list", "postscript"]}),
        Example(True, "<<茶>>\n很香。\n附言：趁热喝。", {"parts": ["title", "postscript"]}),
        Example(False, "* mild\n<<Tea>>", {"parts": ["title", "list"]}),
        Example(False, "* mild", {"parts": ["title", "list"]}),
    ),
)
def in_order(response: str, *, parts: Annotated[list[Part], Field(min_length=2)]) -> Outcome:
    """Each part is there, and begins below the one before it: a title in angular brackets, the first bullet,
    a postscript.
    """
    places = []
    for part in parts:
        found = list(_PLACES[part].finditer(response))
        if not found:
            return Outcome(False, f"no {part}")
        places.append((found[-1] if part == "postscript" else found[0]).start())
    passed = places == sorted(places)
    return Outcome(passed, "in the order asked for" if passed else "in another order")
