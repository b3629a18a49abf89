"""A title, lists, highlights, placeholders, a postscript and headings, as markdown shows them."""

from __future__ import annotations

import re
from typing import Any

from raif.constraints.iftrain.older_words import Number
from raif.constraints.kind import Count, Outcome, Text, compare, exactly
from raif.constraints.plain.common import meaning, said
from raif.text import reader

_BULLET = re.compile(r"^([^\S\n]*)(?:[*+-][^\S\n]+|[•·●][^\S\n]*|\*(?![*\s])(?=[^*\n]*$))(.*)$", re.MULTILINE)
_STRONG = re.compile(r"(?<![*0-9A-Za-z\\])(\*{1,3})(?![\s*])([^*\n]*[^\s*\\])\1(?![*0-9A-Za-z])")
_PLACEHOLDER = re.compile(r"(?<![A-Za-z0-9])\[([^\[\]\n]*)\](?!\()|［([^［］\n]+)］|【([^【】\n]+)】")
_CHECKBOX = re.compile(r"^[^\S\n]*(?:[*+-]|\d+[.)])[^\S\n]+\[[ xX]\]", re.MULTILINE)
_TITLE = re.compile(r"<<([^<>\n]+)>>")
_AT_TOP = re.compile(r"\A[\s*_#\"“'‘]*<<([^<>\n]+)>>[\s*_#:]*(?:\n|\Z)")
_BEFORE = " \t*_#>(\"“'‘-"
"""Marks between the start of a line, or the end of a sentence, and a postscript."""
_NEAR = 200
_LETTER = re.compile(r"[^\W\d_]")
_HEADINGS = ("My Answer:", "My Conclusion:", "Future Outlook:")
_ITALICS = re.compile(r"<(i|em)>(.*?)</\1>", re.DOTALL)
_HEADING_LINE = re.compile(r"^#{1,6}[^\S\n].*$", re.MULTILINE)


def bullets(text: str) -> list[re.Match[str]]:
    """Lines of a bullet and a text, also a bold one; no highlights, dividers or negative numbers."""
    return [found for found in _BULLET.finditer(text) if reader.words(found[2])]


@meaning(
    "detectable_format:number_bullet_lists",
    (True, "* **Tea**: hot\n  - green\n\n---\n**Milk**", {"num_bullets": 2}),
    (False, "---\n-5 degrees\n* tea", {"num_bullets": 2}),
)
def number_bullet_lists(response: str, *, num_bullets: Count) -> Outcome:
    """A bullet has a text: dividers, empty bullets, bold lines and negative numbers are none."""
    return exactly(len(bullets(response)), num_bullets, "bullets")


@meaning(
    "rlvr:verify_bullet_points",
    (True, "* **Tea**: hot\n**Milk**\n---", {"N": 1}),
    (False, "**Tea**", {"N": 1}),
)
def verify_bullet_points(response: str, *, N: Number) -> Outcome:
    """A bullet has a text: dividers, empty bullets, bold lines and negative numbers are none."""
    return exactly(len(bullets(response)), N, "bullets")


def _highlights(text: str) -> int:
    return sum(1 for found in _STRONG.finditer(text) if reader.words(found[2]))


@meaning(
    "detectable_format:number_highlighted_sections",
    (True, "***Tea*** is *hot*", {"num_highlights": 2}),
    (False, "***Tea***\n* milk * water * 2*3*4", {"num_highlights": 2}),
)
def number_highlighted_sections(response: str, *, num_highlights: Count) -> Outcome:
    """`***a***` is one highlight; bullets, `2 * 3 * 4` and asterisks around nothing are none."""
    return compare(_highlights(response), "at least", num_highlights, "highlights")


@meaning(
    "rlvr:validate_highlighted_sections",
    (True, "**Tea** is *hot*", {"N": 2}),
    (False, "**Tea**", {"N": 2}),
)
def validate_highlighted_sections(response: str, *, N: Number) -> Outcome:
    """`**a**` is one highlight; bullets and asterisks around nothing are none."""
    return compare(_highlights(response), "at least", N, "highlights")


def _placeholders(text: str) -> int:
    found = _PLACEHOLDER.findall(_CHECKBOX.sub("", text))
    return sum(1 for names in found if _LETTER.search("".join(names)))


@meaning(
    "detectable_content:number_placeholders",
    (True, "[name], [date]", {"num_placeholders": 2}),
    (False, "[] [1] [x](https://example.org) [name]", {"num_placeholders": 2}),
)
def number_placeholders(response: str, *, num_placeholders: Count) -> Outcome:
    """A placeholder names something: empty brackets, numbers, links and check boxes are none."""
    return compare(_placeholders(response), "at least", num_placeholders, "placeholders")


@meaning(
    "rlvr:validate_placeholders",
    (True, "[name], [date]", {"N": 2}),
    (False, "[] [1] [x](https://example.org) [name]", {"N": 2}),
)
def validate_placeholders(response: str, *, N: Number) -> Outcome:
    """A placeholder names something: empty brackets, numbers, links and check boxes are none."""
    return compare(_placeholders(response), "at least", N, "placeholders")


def _postscript(response: str, marker: str) -> Outcome:
    """After other text, at the start of a line or after a sentence, with words behind it."""
    letters = re.escape(marker.strip().rstrip(":")).replace(r"\.", r"\.\s?").removesuffix(r"\s?")
    places = [
        found
        for found in re.finditer(rf"{letters}(?!\w)", response, re.IGNORECASE)
        if _opens(response[max(0, found.start() - _NEAR) : found.start()])
    ]
    passed = bool(places) and bool(
        reader.words(response[: places[-1].start()]) and reader.words(response[places[-1].end() :])
    )
    return Outcome(passed, f"{'a' if passed else 'no'} postscript {marker}")


def _opens(before: str) -> bool:
    """Whether a sentence or a line can begin after this text."""
    line = before.rpartition("\n")[2]
    said = line.strip(_BEFORE)
    return line[-1:] in ("", *_BEFORE) and (not said or said[-1] in ".!?…)”’")


@meaning(
    "detectable_content:postscript",
    (True, "Dear Ann, come soon.\n\n**P.S.** Bring tea.", {"postscript_marker": "P.S."}),
    (False, "The marker P.S. opens a postscript.", {"postscript_marker": "P.S."}),
    (False, "Tea.\n\nP.P.S. Milk.", {"postscript_marker": "P.S."}),
)
def postscript(response: str, *, postscript_marker: Text) -> Outcome:
    """The marker is literal, begins a line or follows a sentence below other text, and words follow it."""
    return _postscript(response, postscript_marker)


@meaning(
    "rlvr:verify_postscript",
    (True, "Tea.\n\nP.S. Milk.", {"postscript_marker": "P.S."}),
    (False, "The marker P.S. opens a postscript.", {"postscript_marker": "P.S."}),
)
def verify_postscript(response: str, *, postscript_marker: Text) -> Outcome:
    """The marker begins a line or follows a sentence below other text, and words come after it."""
    return _postscript(response, postscript_marker)


@meaning(
    "detectable_format:title",
    (True, "# <<Tea>>\nIt is hot.", {}),
    (False, "It is hot.\n<<Tea>>", {}),
    (False, "<<!>>\nIt is hot.", {}),
)
def title(response: str) -> Outcome:
    """At the top, on a line of its own, with a word in it."""
    found = _AT_TOP.match(response)
    return said(bool(found and reader.words(found[1])), "a title at the top", "no title at the top")


@meaning(
    "rlvr:validate_title",
    (True, "Here it is:\n<<Tea>>\nIt is hot.", {}),
    (False, "<<>>\nIt is hot.", {}),
)
def validate_title(response: str) -> Outcome:
    """With a word in it."""
    found = next((text for text in _TITLE.findall(response) if reader.words(text)), None)
    return said(found is not None, f"title {found}", "no title")


@meaning(
    "format:list",
    (True, "...tea\n... milk", {"sep": "..."}),
    (False, "Well...... tea", {"sep": "..."}),
)
def list_marker(response: str, *, sep: Text) -> Outcome:
    """Lines begin with the marker, and have a text."""
    lines = [line.strip() for line in response.splitlines()]
    items = [line for line in lines if line.startswith(sep) and reader.words(line[len(sep) :])]
    others = [line for line in lines if re.match(r"[*•●+-]\s+\w|\d+[.)]\s+\w", line) and line not in items]
    return said(len(items) >= 2 and not others, "a list", f"{len(items)} items, {len(others)} other bullets")


def _blocks(response: str) -> list[tuple[str, list[str]]]:
    """Each bullet with `*`, and the marks of those with `-` under it."""
    found: list[tuple[str, list[str]]] = []
    for each in bullets(response):
        mark = each[0].strip()[0]
        if mark == "-" and found:
            found[-1][1].append(mark)
        elif mark != "-":
            found.append((mark, []))
    return found


@meaning(
    "format:sub-bullets",
    (True, "* **tea**\n  - green\n* milk\n  - hot-ish", {}),
    (False, "* well-known\n* milk\n  - hot", {}),
    (False, "Tea.", {}),
)
def sub_bullets(response: str) -> Outcome:
    """There are bullets, and a hyphen within a word or asterisks around one are none."""
    found = _blocks(response)
    without = sum(1 for mark, under in found if mark == "*" and not under)
    passed = bool(found) and not without and all(mark == "*" for mark, _ in found)
    return Outcome(passed, f"{len(found)} bullets, {without} without one under it")


@meaning(
    "format:no_bullets_bullets",
    (True, "It is. I know.\n\n* tea\n* **milk**", {}),
    (False, "It is. I know.\n*tea is good*\n**milk**", {}),
)
def no_bullets_bullets(response: str) -> Outcome:
    """A highlight at the start of a line is no bullet; several paragraphs may precede the bullets."""
    found = [each for each in bullets(response) if each[0].strip()[0] == "*"]
    if len(found) < 2:
        return compare(len(found), "at least", 2, "bullets")
    before = reader.sentences(response[: found[0].start()])
    if any(each.start() < found[0].start() for each in bullets(response)) or len(before) < 2:
        return Outcome(False, f"{len(before)} sentences before the first bullet, asked for at least 2")
    last = response[found[-1].end() :]
    return said(not reader.words(last), "sentences, then bullets", "something after the bullets")


@meaning(
    "format:output_template",
    (True, "**My Answer:** tea\nMy Conclusion: tea\nFuture Outlook: tea", {}),
    (False, "My Conclusion: tea\nMy Answer: tea\nFuture Outlook: tea", {}),
    (False, "My Answer: My Conclusion: Future Outlook:", {}),
)
def output_template(response: str) -> Outcome:
    """In this order, each once, with words under each."""
    parts = re.split("|".join(map(re.escape, _HEADINGS)), response)
    in_order = re.findall("|".join(map(re.escape, _HEADINGS)), response) == list(_HEADINGS)
    passed = in_order and all(map(reader.words, parts[1:])) and not reader.words(parts[0])
    return said(passed, "three headings with text", "not the three headings in their order with text")


@meaning(
    "format:thesis",
    (True, "<em>Tea wins.</em> It is hot.", {}),
    (False, "Tea. <i>Tea wins.</i> It is hot.", {}),
    (False, "# One\n<i>Tea wins.</i> Hot.\n# Two\nMilk.", {}),
)
def thesis(response: str) -> Outcome:
    """The text, and what follows each heading, begins with italics that have words; other words follow."""
    sections = [part.strip() for part in _HEADING_LINE.split(response)]
    sections = [part for part in sections if part]
    for section in sections:
        found = _ITALICS.match(section)
        if not (found and reader.words(found[2]) and reader.words(section[found.end() :])):
            return Outcome(False, f'"{section[:40]}" does not begin with a claim in italics')
    return said(bool(sections), "each section begins with italics", "no section")


def _every(words: list[str], fits: Any, reason: str) -> Outcome:
    wrong = next((word for word in words if not fits(word)), None)
    return said(bool(words) and wrong is None, "all words in brackets", f'"{wrong}" {reason}')


@meaning(
    "detectable_format:square_brackets",
    (True, "[Good] [morning.]", {}),
    (False, "[] [morning]", {}),
)
def square_brackets(response: str) -> Outcome:
    """A word stands in each pair of brackets, and only one pair around each word."""
    inside = re.compile(r"\[[^\[\]\s]+\]")
    return _every(
        response.split(),
        lambda word: inside.fullmatch(word) and reader.words(word),
        "is not one word in brackets",
    )


@meaning(
    "detectable_format:bigram_wrapping",
    (True, "<<Good morning,>> <<dear friend.>>", {}),
    (False, "<<Good>> <<morning>>", {}),
)
def bigram_wrapping(response: str) -> Outcome:
    """Every pair opens once and closes once; a last single word is free."""
    pairs = re.findall(r"<<[^<>\s]+\s+[^<>\s]+>>", response)
    rest = re.sub(r"<<[^<>\s]+\s+[^<>\s]+>>", " ", response).split()
    last = not rest or (len(rest) == 1 and response.rstrip().endswith(rest[0]))
    passed = bool(pairs) and last and all(len(reader.words(pair)) >= 2 for pair in pairs)
    return said(passed, "all pairs of words in << >>", f"{len(pairs)} pairs, {len(rest)} words outside")
