"""What the expert thinks: it takes the request apart, plans, drafts, checks, and corrects a draft that fails.

Every figure comes from a text that was really written: the plain answer, the failing draft, the answer.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from itertools import combinations, islice
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from raif.constraints import find
from raif.constraints.wording import Number, render
from raif.data.builtin.compose import Condition
from raif.data.builtin.respond.choose import Chosen
from raif.data.builtin.respond.judged import Asked
from raif.data.builtin.respond.kinds import bound_of, measure, occurrences
from raif.data.builtin.respond.plain import Plain
from raif.data.builtin.words import core, head, listed, onward, quoted, snippet, two_snippets, within_quotes
from raif.dialect import semantics
from raif.text import reader
from raif.types import Constraint

_FOLDER = Path(__file__).parent / "thoughts"
_SIGNS = {"at least": " +", "less than": " -"}
_GROUPS = {
    "keywords:existence": "need", "keywords:forbidden_words": "ban", "punctuation:no_comma": "comma",
    "length_constraints:number_paragraphs": "parts", "length_constraints:nth_paragraph_first_word": "parts",
    "detectable_format:multiple_sections": "parts", "detectable_format:number_bullet_lists": "list",
    "detectable_format:title": "top", "combination:repeat_prompt": "top",
    "paragraphs:paragraphs": "parts", "paragraphs:paragraphs2": "parts",
    "keywords:exclude_word_harder": "ban",
    "detectable_content:postscript": "bottom", "startend:end_checker": "bottom",
    "change_case:english_capital": "case", "change_case:english_lowercase": "case",
    "startend:quotation": "quote",
}  # fmt: skip
"""What a kind takes from the text: kinds that pull at the same thing are thought about together."""
_SIZES = {"length_constraints:number_words", "length_constraints:number_sentences"}
_SIZES |= {"letters:letter_counting"}
"""Kinds that bound how long a text is. The other bounds are on how often something comes."""
DEPENDENT = {"chain:title_again", "chain:bullets_counted", "chain:first_sentence_again"}
"""Last steps of a chain that use what an earlier one has written."""
_QUOTING_SHARE = 0.5
"""Of the experts who think at length, how many quote what the request comes down to."""
_MARGIN = " .,;:?!，。；：？！"
"""What a quotation does without where it begins and ends."""
_SPACE = {"en": " ", "zh": ""}


class Failing(NamedTuple):
    """A draft, and the constraint that it fails."""

    constraint: Constraint
    text: str
    chosen: Chosen


class Thought(NamedTuple):
    """What there is to think about, and what comes of it."""

    plain: Plain
    constraints: Sequence[Constraint]
    asked: Sequence[Asked]
    condition: Condition | None
    chained: bool
    remark: str
    answer: str
    chosen: Chosen
    failing: Failing | None

    @property
    def language(self) -> str:
        return self.plain.language


@cache
def thoughts(language: str) -> Mapping[str, Any]:
    """The sentences that a thought is made of, by their place in it."""
    found: Mapping[str, Any] = yaml.safe_load((_FOLDER / f"{language}.yaml").read_text("utf-8"))
    return found


def brief(thought: Thought, rng: random.Random, *, planned: bool = False) -> str:
    """A line for the condition, if there is one, and a short one for each constraint.

    `planned`: words that have to occur are quoted as the answer has them.
    """
    voice = _Voice(thought, rng)
    condition = [voice.looked()] if thought.condition else []
    demands = (voice.asks(one, shorter=2, planned=planned) for one in thought.constraints)
    return "\n".join([*condition, *demands])


def full(thought: Thought, rng: random.Random) -> str:
    """A paragraph each for the request, the constraints, the plan and the draft."""
    voice = _Voice(thought, rng)
    space = _SPACE[thought.language]
    demands = [voice.asks(one) for one in thought.constraints] + voice.pulls()
    apart = "\n" if len(demands) > 2 and rng.random() < 0.4 else space
    judged = [voice.say("judged", asked=within_quotes(one.text)) for one in thought.asked]
    plan = [*judged, *voice.choice()]
    parts = [(space, voice.opening()), (apart, demands), (space, plan), (space, voice.draft())]
    return "\n\n".join(between.join(said) for between, said in parts if said)


class _Voice:
    """Says what there is to say about one record, in words that `rng` chooses."""

    def __init__(self, thought: Thought, rng: random.Random) -> None:
        self._thought, self._rng = thought, rng
        self._words = thoughts(thought.language)

    def say(self, *path: str, shorter: int = 0, **fields: object) -> str:
        """One of the sentences at that place, or one of so many shorter ones, with its fields filled in."""
        found: Any = self._words
        for name in path:
            found = found[name]
        if shorter:
            found = sorted(found, key=len)[:shorter]
        text = str(self._rng.choice(found)).format_map(fields)
        return text[:1].upper() + text[1:]

    def opening(self) -> list[str]:
        thought = self._thought
        count = len(thought.constraints) + len(thought.asked)
        task = self._words["tasks"][thought.plain.seed.task]
        said = [self.say("open", task=task, title=thought.plain.seed.title)]
        if self._rng.random() < _QUOTING_SHARE:
            said.append(self.say("core", core=core(thought.plain.seed.prompt, thought.language)))
        if thought.condition:
            said.append(self.looked())
        elif thought.remark:
            said.append(thought.remark)
        said.append(self.say("many" if count > 1 else "one", count=count))
        if thought.chained:
            depends = any(one.id in DEPENDENT for one in thought.constraints)
            said.append(self.say("chain" if depends else "order"))
        return said

    def looked(self) -> str:
        """Whether the condition of a selection holds, and which branch that leaves."""
        condition = self._thought.condition
        assert condition
        truth = "holds" if condition.holds else "fails"
        word = condition.evidence
        said = [self.say("looked", condition.form, truth, evidence=word), self.say("branch", truth)]
        return _SPACE[self._thought.language].join(said)

    def asks(self, constraint: Constraint, shorter: int = 0, *, planned: bool = False) -> str:
        """What a constraint demands and what that means for the text, or if `planned`, where it is met."""
        thought, fields, key = self._thought, self._fields(constraint), _key(constraint)
        places = _places(constraint, thought.answer, thought.language) if planned else []
        if places:
            fields["places"] = listed([quoted(each, thought.language) for each in places], thought.language)
        means = ["placed"] if places else ["kinds", key, "means"]
        said = [self.say(*path, shorter=shorter, **fields) for path in (["kinds", key, "ask"], means)]
        return _SPACE[thought.language].join(said)

    def pulls(self) -> list[str]:
        """What two of the constraints mean together: at most two such thoughts."""
        groups = [_group(one) for one in self._thought.constraints]
        keys = {f"{a} {b}" for one, two in combinations(groups, 2) for a, b in ((one, two), (two, one))}
        known = [key for key in self._words["pulls"] if key in keys]
        return [self.say("pulls", key) for key in self._rng.sample(known, min(2, len(known)))]

    def choice(self) -> list[str]:
        """Which sentences go in, and what differs from the answer that one would give by oneself."""
        thought, points = self._thought, self._thought.plain.seed.points
        drafted = thought.failing.chosen if thought.failing else thought.chosen
        main = [n for n in sorted(drafted) if points[n].level == 1]
        others = [n for n in sorted(drafted) if points[n].level > 1]
        kept = [head(drafted[n], thought.language) for n in sorted([*main, *others[:1]])]
        said = []
        if len(kept) > 1:  # one sentence has no order
            all_of_them, rest = (listed(each, thought.language) for each in (kept, kept[1:]))
            said.append(self.say("choose", kept=all_of_them, first=kept[0], rest=rest))
        usual, own = set(thought.plain.positions), set(drafted)
        for place, positions in (("left", usual - own), ("taken", own - usual - {*others[:1]})):
            if positions:
                text = self._named(positions, drafted)
                said.append(self.say(place, dropped=text, added=text))
        return said

    def _named(self, positions: Collection[int], chosen: Chosen) -> str:
        """These sentences by their beginnings: two of them, and how many more there are."""
        language, points = self._thought.language, self._thought.plain.seed.points
        named = [head(chosen.get(n, points[n].text), language) for n in sorted(positions)]
        if len(named) > 3:
            named = [*named[:2], self.say("more", count=Number(len(named) - 2))]
        return listed(named, language)

    def draft(self) -> list[str]:
        """The first draft with what fails in it and how that is corrected; then the check of everything."""
        thought = self._thought
        if thought.failing:
            said = [
                self.say("draft"),
                self._slip(thought.failing),
                *self._fix(thought.failing),
                self.say("again"),
            ]
        else:
            said = [self.say("sound")]
        said += [self.say("kinds", _key(one), "check", **self._fields(one)) for one in thought.constraints]
        said += [self.say("judged_done", asked=within_quotes(one.text)) for one in thought.asked]
        return [*said, *filter(None, [self.say("done")])]

    def _slip(self, failing: Failing) -> str:
        return self.say("kinds", _key(failing.constraint), "slip", **self._fields(failing.constraint))

    def _fix(self, failing: Failing) -> list[str]:
        """The kind's own words, or what changed between the draft and the answer."""
        own = self._words["kinds"][_key(failing.constraint)]
        if "fix" in own:
            return [self.say("kinds", _key(failing.constraint), "fix", **self._fields(failing.constraint))]
        before, after, language = failing.chosen, self._thought.chosen, self._thought.language
        said = []
        for place, positions in (("dropped", set(before) - set(after)), ("added", set(after) - set(before))):
            if positions:
                text = self._named(positions, after if place == "added" else before)
                said.append(self.say("fixes", place, dropped=text, added=text))
        usual = self._thought.plain.seed.points
        changed = [n for n in sorted(before) if n in after and before[n] == usual[n].text != after[n]]
        if changed:
            old, new = two_snippets(before[changed[0]], after[changed[0]], language)
            said.append(self.say("fixes", "reworded", old=old, new=new))
        return said

    def _fields(self, constraint: Constraint) -> dict[str, Any]:
        """What the sentences about a constraint can name."""
        thought, language = self._thought, self._thought.language
        fields = render(find(constraint.id, semantics("raif", language)).bind(constraint.kwargs), language)
        fields |= {"title": thought.plain.seed.title, "second": head(thought.plain.seed.second[0], language)}
        if counted := measure(constraint, language):
            draft = thought.failing.text if thought.failing else ""
            here, found, now = (Number(counted(text)) for text in (thought.plain.text, draft, thought.answer))
            fields |= {"here": here, "found": found, "now": now}
            if bound := bound_of(constraint):
                fields["gap"] = Number(bound[1] - found if bound[0] == "at least" else found - bound[1] + 1)
        if thought.failing and thought.failing.constraint is constraint:
            fields["bit"] = _bit(constraint, thought.failing, language)
        return fields


def _places(constraint: Constraint, answer: str, language: str) -> list[str]:
    """What the answer says with the words that a constraint wants in it; empty if it wants none.

    A phrase begins with the word if it can: a small model that has to find its way to the word loses it.
    """
    kwargs, bound = constraint.kwargs, bound_of(constraint)
    least = bound[1] if bound and bound[0] == "at least" else 0
    if constraint.id == "length_constraints:nth_paragraph_first_word":
        paragraphs, number = [each for each in answer.split("\n\n") if each.strip()], kwargs["nth_paragraph"]
        begins = [snippet(each, 0, language).strip(_MARGIN) for each in paragraphs[number - 1 : number]]
        return [each for each in begins if each.lower().startswith(kwargs["first_word"].lower())]
    if constraint.id == "change_case:capital_word_frequency":
        return [word for word in reader.words(answer) if len(word) > 1 and word.isupper()][:least]
    times = dict.fromkeys(kwargs.get("keywords", ()), 1)
    if constraint.id == "keywords:frequency" and least:
        times[kwargs["keyword"]] = least
    edge, found = "" if language == "zh" else r"\b", list[str]()
    for word, number in times.items():
        counted = occurrences(word, language)
        matches = re.finditer(f"{edge}{re.escape(word)}{edge}", answer, re.IGNORECASE)
        phrases = (onward(answer, match.start(), language).strip(_MARGIN) for match in matches)
        found += islice((each for each in phrases if counted(each)), number)  # "can't" has no "can"
    return [*dict.fromkeys(found)]


def _bit(constraint: Constraint, failing: Failing, language: str) -> str:
    """What is wrong in the draft, quoted: the words around a comma or a forbidden word, or a missing word."""
    for word in constraint.kwargs.get("keywords", ()):
        if not occurrences(word, language)(failing.text):
            return quoted(word, language)
    kwargs = constraint.kwargs
    unwanted = kwargs.get("forbidden_words") or ([kwargs["keyword"]] if "keyword" in kwargs else (",", "，"))
    found = re.search("|".join(map(re.escape, unwanted)), failing.text, re.IGNORECASE)
    return snippet(failing.text, found.start(), language) if found else ""


def _key(constraint: Constraint) -> str:
    bound = bound_of(constraint)
    return constraint.id + (_SIGNS[bound[0]] if bound else "")


def _group(constraint: Constraint) -> str:
    if bound := bound_of(constraint):
        more, less = ("more", "less") if constraint.id in _SIZES else ("often", "seldom")
        return more if bound[0] == "at least" else less
    return _GROUPS.get(constraint.id, "")


def skeleton(text: str, words: Sequence[str] = ()) -> str:
    """A thought without what it is about: numbers, quotations and `words` are replaced by dots."""
    text = re.sub(r"\"[^\"\n]*\"|“[^”\n]*”", "…", text)
    for word in sorted(words, key=len, reverse=True):
        text = re.sub(re.escape(word), "…", text, flags=re.IGNORECASE)
    return re.sub(r"\d+", "…", text)
