"""Whether a fused text says what its tree says: each rule, with its values, its case and its place.

Code reads what it can, and what it finds wrong is wrong. What it can't read is a question for a judge, one
for each part.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from raif.data.builtin.compose import Plan
from raif.data.staged.readers import Reading, read
from raif.data.staged.reading import Text, mentions, numbers
from raif.data.staged.replies import unwanted
from raif.types import Composition, Constraint

Case = Literal["always", "first", "other"]

_IF = {
    "en": r"\b(?:if|when(?:ever)?|in case|provided|assuming|where|as long as|should)\b",
    "zh": "如果|若|要是|假如|当|倘若|一旦",
}
_UNLESS = {"en": r"\b(?:unless|except (?:if|when)|if not)\b", "zh": "除非"}
_OTHERWISE = {
    "en": r"\botherwise\b|(?<!thing )\belse\b|\bif (?:not|it (?:doesn['’]t|does not|isn['’]t|is not))\b|"
    r"\b(?:in|for) (?:any|every|the|all) other cases?\b|\bfailing that\b",
    "zh": "否则|不然|如果不是|若不是|如果没有|若没有|反之|其他情况|其它情况",
}
_FALSE = {"en": r"\b(?:not|isn['’]t|doesn['’]t|false|untrue|no longer)\b", "zh": "不是|并非|没有|不成立|不"}
_SUBJECT = re.compile(r"^(?:my request above |上面的请求)")
_MARKERS = re.compile(r"[*<>\[\]{}#]+")
_NEAR = 60
"""Characters before a condition in which its conjunction stands."""


class Rule(NamedTuple):
    """A part of the tree in our words, and where it stands in it."""

    check: int
    """Its position among the checks."""
    wording: str
    constraint: Constraint | None
    """None: a sub-instruction."""
    case: Case
    step: tuple[int, int] | None
    """Its place in a chain and the number of steps."""


class Finding(NamedTuple):
    """The verdict on one part of a fused text, by code or by a judge."""

    part: str
    by: Literal["code", "judge"]
    passed: bool | None
    reason: str


class Fused(NamedTuple):
    """A text with what code finds: `wrong` as a whole, or part by part."""

    wrong: str
    findings: tuple[Finding, ...]
    questions: tuple[tuple[int, str], ...]
    """Positions of the findings that are left to a judge, with the rule to ask about."""

    @property
    def failed(self) -> str:
        """What is wrong; "" if nothing is, as far as is known."""
        wrong = next((each for each in self.findings if each.passed is False), None)
        if self.wrong or wrong is None:
            return self.wrong
        return wrong.reason if wrong.by == "code" else "the judge misses a rule"


def rules(plan: Plan, wordings: Sequence[str], constraints: Sequence[Constraint]) -> list[Rule]:
    """The parts of a plan's tree in its order."""

    def walk(part: int | Composition, case: Case, step: tuple[int, int] | None) -> list[Rule]:
        if isinstance(part, int):
            constraint = constraints[part] if part < len(constraints) else None
            return [Rule(part, wordings[part], constraint, case, step)]
        found: list[Rule] = []
        for number, inner in enumerate(part.parts, 1):
            own: Case = case
            if part.kind == "selection":
                own = "first" if number == 1 else "other"
            found += walk(inner, own, (number, len(part.parts)) if part.kind == "chain" else step)
        return found

    return walk(plan.composition, "always", None)


def examine(text: str, plan: Plan, parts: Sequence[Rule], outline: str, request: str, language: str) -> Fused:
    """What code finds in a fused text."""
    if wrong := _wrong(text, outline, request, language):
        return Fused(wrong, (), ())
    read_text = Text(text, language)
    cases = _cases(read_text, plan.condition.what, language) if plan.condition else None
    readings = _readings(parts, read_text)
    order = _order(parts, readings)
    findings: list[Finding] = []
    questions: list[tuple[int, str]] = []
    for part, reading in zip(parts, readings, strict=True):
        found = reading
        if found.passed is not False and cases is not None:
            found = _in_case(part, found, cases)
        if found.passed is not False and part.step:
            found = order.get(part.check, found)
        if found.passed is None:
            what = plan.condition.what if plan.condition else ""
            questions.append((len(findings), asked_of(part, what, language)))
        findings.append(Finding(part.wording, "code", found.passed, found.reason))
    return Fused("", tuple(findings), tuple(questions))


def asked_of(part: Rule, what: str, language: str) -> str:
    """A rule in words that stand on their own, with its case and its place."""
    zh = language == "zh"
    text = part.wording
    if part.step:
        number, of = part.step
        text = f"第{number}步（共{of}步）：{text}" if zh else f"As step {number} of {of}: {text}"
    if part.case == "first":
        return f"只在{what}的情况下：{text}" if zh else f"Only if {what}: {text}"
    if part.case == "other":
        return f"只在并非{what}的情况下：{text}" if zh else f"Only if it is not true that {what}: {text}"
    return text


def _wrong(text: str, outline: str, request: str, language: str) -> str:
    """What is wrong with the text as a whole."""
    if fault := unwanted(text, written=True):
        return fault
    if len(text) > 3 * len(outline) + 200:
        return "too long"
    if len(request) > 20 and request.strip().lower() in text.lower() and request.strip() not in outline:
        return "repeats the request"
    said, given = numbers(Text(text, language)), numbers(Text(outline, language))
    digits = {int(number) for number in re.findall(r"\d+", outline)}
    if lost := sorted(digits - said - {number + 1 for number in said}):
        return f"lacks the number {lost[0]}"
    own = {
        int(number) for number in re.findall(r"\d+", re.sub(r"^\s*\d+[.)、]", "", text, flags=re.MULTILINE))
    }
    if more := sorted(own - given - {number - 1 for number in given} - set(range(1, 6))):
        return f"has the number {more[0]}, which no rule has"
    if lost_marks := [mark for mark in _MARKERS.findall(outline) if mark not in text]:
        return f"lacks {lost_marks[0]}"
    return ""


def _readings(parts: Sequence[Rule], text: Text) -> list[Reading]:
    """What code reads of each part. Two sub-instructions in the same words are found in two places."""
    found, taken = list[Reading](), set[int]()
    for part in parts:
        if part.constraint:
            found.append(read(part.constraint, part.wording, text))
            continue
        places = (each.start() for each in re.finditer(_loosely(part.wording), text.text, re.IGNORECASE))
        at = next((place for place in places if place not in taken), None)
        taken |= set() if at is None else {at}
        found.append(Reading(None, "reworded") if at is None else Reading(True, "in its own words", at))
    return found


def _loosely(wording: str) -> str:
    """A pattern for the words of a text in their order, whatever stands between them but words."""
    return r"[\W_]+".join(map(re.escape, re.findall(r"[^\W_]+", wording)))


class _Cases(NamedTuple):
    """Where each case of a selection is said. None: it can't be told."""

    wrong: str = ""
    first: tuple[int, int] | None = None
    other: tuple[int, int] | None = None
    cue: int = 0


def _cases(text: Text, what: str, language: str) -> _Cases:
    """Reads back a selection: its condition word for word, with what it is asked by."""
    condition = _SUBJECT.sub("", what)
    found = re.search(_loosely(condition), text.text, re.IGNORECASE)
    if not found:
        return _Cases(wrong=_other_condition(text, what, language))
    before = text.plain[max(0, found.start() - _NEAR) : found.start()]
    lead = re.split(r"[.。!！?？;；\n]", before)[-1]
    unless = re.search(_UNLESS[language], lead, re.IGNORECASE)
    cue = unless or re.search(_IF[language], lead, re.IGNORECASE)
    if not cue:
        return _Cases()
    denied = bool(unless) != bool(re.search(_FALSE[language], lead[cue.end() :], re.IGNORECASE))
    otherwise = re.search(_OTHERWISE[language], text.plain[found.end() :], re.IGNORECASE)
    if not otherwise:
        return _Cases(wrong="has no other case")
    start = found.end() + otherwise.start()
    line = text.plain.find("\n", start)
    end = line if line >= 0 else len(text.text)
    when_true, when_false = (found.end(), start), (start, end)
    first, other = (when_false, when_true) if denied else (when_true, when_false)
    return _Cases(first=first, other=other, cue=found.start() - len(lead) + cue.start())


def _other_condition(text: Text, what: str, language: str) -> str:
    """What is wrong with a condition that isn't said word for word; "" if it can't be told."""
    lost = [word for word in re.findall(r"[\"“]([^\"”]+)[\"”]", what) if word not in text.text]
    wanted = next((each.interval for each in mentions(Text(what, language))), None)
    about = r"\brequest\b|请求"
    said = [each for each in mentions(text) if re.search(about, text.plain[max(0, each.at - 40) : each.at])]
    if lost or (wanted and said and all(each.interval not in (wanted, None) for each in said)):
        return f"has another condition than {what!r}"
    return ""


def _in_case(part: Rule, reading: Reading, cases: _Cases) -> Reading:
    """A reading, unless the rule stands in another case than its own, or that can't be told."""
    if cases.wrong:
        return Reading(False, cases.wrong, reading.at)
    if cases.first is None or cases.other is None or reading.at is None:
        return Reading(None, "can't be read back: in which case", reading.at)
    inside = {
        name: start <= reading.at < end for name, (start, end) in
        {"first": cases.first, "other": cases.other}.items()
    }  # fmt: skip
    own = part.case
    if own == "always":
        return Reading(False, "stands in one case only", reading.at) if any(inside.values()) else reading
    if inside[own]:
        return reading
    if inside["other" if own == "first" else "first"]:
        return Reading(False, "stands in the other case", reading.at)
    return Reading(None, "can't be read back: in which case", reading.at)


def _order(parts: Sequence[Rule], readings: Sequence[Reading]) -> dict[int, Reading]:
    """The steps of a chain that stand before one that they follow, or whose place can't be told."""
    found: dict[int, Reading] = {}
    latest = -1
    for part, reading in zip(parts, readings, strict=True):
        if part.step is None:
            continue
        if part.step[0] == 1:
            latest = -1
        if reading.at is None:
            found[part.check] = Reading(None, "can't be read back: which step it is")
        elif reading.at < latest:
            found[part.check] = Reading(False, "stands before an earlier step", reading.at)
        else:
            latest = reading.at
    return found
