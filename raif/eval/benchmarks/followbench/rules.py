"""FollowBench's rules: whether a generation meets the constraints of a level, for items without a judge.

Jiang et al. 2024, https://arxiv.org/abs/2310.20410. Equal to the official rules, which are tied to single
texts of the data and hold a few mistakes, kept here: gigaword's fifth Chinese constraint asks for the word
that the instruction forbids, and format 22 takes the "1." it asks for as a sentence too short.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from raif.errors import ConstraintError, did_you_mean
from raif.eval.benchmarks.followbench.levels import LEVELS, suggestions
from raif.eval.benchmarks.followbench.text import Language, View

_FORMATS: dict[Language, tuple[int, ...]] = {"en": (22, 30), "zh": (22,)}
"""Ids of the examples of the category `format` that have rules."""


def rule_name(*, source: str, category: str, example_id: int, language: Language) -> str | None:
    """Which rule an item has, by its source or as "format_22"; None: it is for the judge.

    Items of the type `example` have a template instead, see `matches`; those of level 0 are not scored.
    """
    if source in _TARGETS or source in LEVELS:
        return source
    return f"format_{example_id}" if category == "format" and example_id in _FORMATS[language] else None


def passes(rule: str, generation: str, *, target: str, level: int, language: Language) -> bool:
    """Whether the generation meets what level 1 to `level` of the rule add up to.

    ConstraintError for an unknown rule, or a target that can't be read.
    """
    view = View(generation, language)
    if rule in _TARGETS:
        return _TARGETS[rule](view, target)
    if rule == "format_22":
        return suggestions(view, level)
    if rule not in LEVELS:
        raise ConstraintError(f"unknown rule {rule!r}", did_you_mean(rule, [*_TARGETS, *LEVELS]))
    return all(check(view) for check in LEVELS[rule][:level])


def matches(template: str, generation: str) -> bool:
    """Whether the whole generation fits an item of the type `example`.

    `template` is its target: after the line with the instruction, `{answer}` stands for text of one line,
    so that an answer of several lines never fits, and doubled braces for single ones.
    """
    text = template.replace("{instruction}\n", "").replace("{{", "{").replace("}}", "}")
    pieces = text.replace("{answer}", ".*").split(".*")
    return re.fullmatch(".*".join(map(re.escape, pieces)), generation) is not None


def _lines(view: View, target: str) -> bool:
    return set(view.text.split("\n")) <= set(target.split("\n"))


def _listed(view: View, target: str) -> bool:
    try:
        return view.text in ast.literal_eval(target)
    except (ValueError, SyntaxError, TypeError):
        raise ConstraintError(f"target: no list of texts: {target[:80]}") from None


def _last(english: str, chinese: str | None = None) -> Callable[[View, str], bool]:
    """The last match is the target."""

    def check(view: View, target: str) -> bool:
        found = re.findall(english if view.language == "en" else chinese or english, view.text)
        return bool(found) and found[-1] == target

    return check


_TARGETS: dict[str, Callable[[View, str], bool]] = {
    "E2E": lambda view, target: view.text == target,
    "text_editing": lambda view, target: view.text == target,
    "WIKIEVENTS": _lines,
    "CONLL2003": _listed,
    "BBH_logical": _last(r"\([A-Z]\)"),
    "BBH_time": _last(r"\d{2}/\d{2}/\d{4}"),
    # From a number's first digit only: without this, long numbers would take quadratic time.
    "gsm_8k": _last(r"\$\d+", r"(?<!\d)\d+美元"),
    "self_made_space": lambda view, target: target in view.text,
}
