"""Stored answers and judgments that no item gets: counted by the reason, each with an example.

Where they were made for other data, or their ids are of another kind, figures would rest on a few that fit by
chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from raif.config.eval import EvalConfig
from raif.errors import RecordError
from raif.eval.benchmark import Benchmark
from raif.eval.report import listed
from raif.eval.stored import StoredAnswer

HINT = "A stored answer needs a `response` and its item's `key` or `id`, or exactly its `prompt`."
_JUDGMENTS = "A stored judgment needs its item's `id`, the `key` of the request, and the judge's `reply`."


def unused(config: EvalConfig, benchmark: Benchmark[Any], prompts: Mapping[str, str]) -> dict[str, int]:
    """How many stored answers and judgments no item gets, by the reason. Empty if nothing is stored.

    `prompts`: of all items of the benchmark, by id. Raises RecordError if a file has nothing for any of them.
    """
    found: dict[str, int] = {}
    if config.responses:
        texts = {prompt.strip() for prompt in prompts.values()}
        answers = ((_why(one, prompts, texts), _called(one)) for one in benchmark.answers(config.responses))
        found |= _counted(config.responses, answers, HINT)
    if config.judgments and benchmark.prompts:
        judgments = (
            ("" if one.id in prompts else "stored judgment of no item", f"the id {one.id!r}")
            for one in benchmark.judgments(config.judgments)
        )
        found |= _counted(config.judgments, judgments, _JUDGMENTS)
    return found


def _why(one: StoredAnswer, ids: Mapping[str, str], texts: set[str]) -> str:
    """Why no item gets an answer; empty if one can."""
    if one.response is None:
        return "stored answer that is null"
    fits = one.name in ids or (one.prompt is not None and one.prompt.strip() in texts)
    return "" if fits else "stored answer to no item"


def _called(one: StoredAnswer) -> str:
    if one.name:
        return f"the id {one.name!r}"
    return "neither id nor prompt" if one.prompt is None else f"the prompt {one.prompt[:60]!r}"


def _counted(path: Path, given: Iterable[tuple[str, str]], hint: str) -> dict[str, int]:
    """`given`: why something in the file isn't used, empty if it is, and what tells it from the others."""
    numbers, examples = Counter[str](), dict[str, str]()
    for why, called in given:
        numbers[why] += 1
        examples.setdefault(why, called)
    used = numbers.pop("", 0)
    found = {f"{why}, such as the one with {examples[why]}": number for why, number in numbers.items()}
    if not used:
        raise RecordError(f"{path}: nothing in it can be used: {listed(found) or 'it is empty'}", hint)
    return found
