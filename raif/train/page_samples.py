"""Responses of a run for its page: the held-out ones side by side, and groups that it learned from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from pathlib import Path
from statistics import fmean
from typing import Any

from raif.files import jsonl
from raif.html.samples import PageSample, Shown, mark
from raif.verdicts.reward import FULL, NONE

STEPS, GROUPS = 5, 4
"""Of how many steps, and how many groups of each."""

Line = Mapping[str, Any]


def samples(folder: Path, rows: Sequence[str]) -> list[PageSample]:
    """`rows`: names of the report's rows, in order; the first one is before and the second after."""
    files = {name: folder / "heldout" / f"{name.replace(' ', '-')}.jsonl" for name in rows}
    answers = {name: {line["id"]: line for line in lines(path)} for name, path in files.items()}
    ids = list(next(iter(answers.values()), {}))
    heldout = [_heldout({name: by_id[id] for name, by_id in answers.items() if id in by_id}) for id in ids]
    return [*heldout, *_trained(sorted((folder / "samples").glob("step-*.jsonl")))]


def lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file that need not be there; a line that a kill left half-written is none."""
    return [found for _, found in jsonl.lines(path) if isinstance(found, dict)] if path.exists() else []


def _heldout(answers: Mapping[str, Line]) -> PageSample:
    before, after, *_ = [*answers.values()] * 2
    scores = [_score(one["verdicts"]) for one in (before, after)]
    return PageSample(
        id=before["id"],
        mark=mark(scores[1]),
        messages=[("user", before["prompt"])],
        responses=[
            Shown(name, one["thinking"], one["answer"] or "", _notes(one), one["verdicts"])
            for name, one in answers.items()
        ],
        facets={
            "from": ["held-out prompts"],
            "before": [mark(scores[0])],
            "after": [mark(scores[1])],
            "change": [_change(*scores)],
            "check failed": sorted(
                {v["id"] for v in after["verdicts"] if v["active"] and v["passed"] is False}
            ),
        },
    )


def _score(verdicts: Sequence[Line]) -> float | None:
    """The share of the checks that count and could be judged."""
    decided = [bool(v["passed"]) for v in verdicts if v["active"] and v["passed"] is not None]
    return fmean(decided) if decided else None


def _change(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return "undecided"
    return "better" if after > before else "worse" if after < before else "same"


def _notes(answer: Line) -> list[str]:
    fluency = [] if answer["fluency"] is None else [f"fluency {answer['fluency']:.2f}"]
    wrong = {"no format": not answer["format_valid"], "cut off": answer["truncated"]}
    return [*(name for name, holds in wrong.items() if holds), *fluency]


def _trained(files: Sequence[Path]) -> Iterator[PageSample]:
    """The first groups of steps from the first to the last."""
    spread = sorted({round(n * (len(files) - 1) / (STEPS - 1)) for n in range(STEPS)}) if files else []
    for file in (files[n] for n in spread):
        groups = groupby(lines(file), key=lambda line: line["id"])
        for id, group in islice(groups, GROUPS):
            yield _group(f"step {int(file.stem.removeprefix('step-'))}", id, list(group))


def _group(step: str, id: str, responses: Sequence[Line]) -> PageSample:
    share = fmean((line["reward_accuracy"] - NONE) / (FULL - NONE) for line in responses)
    return PageSample(
        id=f"{step} {id}",
        mark=mark(share),
        messages=[("user", responses[0]["prompt"])],
        responses=[
            Shown(f"response {n}", "", line["text"], _rewards(line), _verdicts(line))
            for n, line in enumerate(responses, 1)
        ],
        facets={"from": [step], "before": [], "after": [], "change": [], "check failed": _failing(responses)},
    )


def _rewards(line: Line) -> list[str]:
    parts = ("format", "accuracy", "length")
    total = sum(line[f"reward_{part}"] for part in parts)
    return [
        f"reward {total:+.2f}",
        "thinking" if line["thinking"] else "plain",
        *([] if line["keep"] else ["left out"]),
    ]


def _verdicts(line: Line) -> list[Line]:
    """Which are kept by position and id, without a reason."""
    return [
        {"id": key.partition(" ")[2], "passed": passed, "reason": "", "active": True}
        for key, passed in line["verdicts"].items()
    ]


def _failing(responses: Sequence[Line]) -> list[str]:
    return sorted({v["id"] for line in responses for v in _verdicts(line) if v["passed"] is False})
