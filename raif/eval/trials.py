"""A judge is tried on a made-up answer before answers are paid for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from raif.config.eval import JUDGED, EvalConfig
from raif.eval import relevance
from raif.eval.answers import Ask, Responder, kept_answers
from raif.eval.run import ANSWERS, Plan
from raif.judge.requests import PROBES, JudgeRequest, probe
from raif.prompts import load

TRIAL = "OK."
"""The made-up answer."""


def needed(config: EvalConfig, asks: Sequence[Ask], responder: Responder, folder: Path) -> bool:
    """Whether there are answers to pay for: the run in `folder` doesn't have all."""
    return not config.responses and len(kept_answers(asks, responder, folder / ANSWERS)) < len(asks)


def probe_judge(config: EvalConfig, planned: Plan) -> None:
    """Try the judge on the made-up answer to a few items. Raises EndpointError if it is of no use."""
    if config.judge is None:
        return
    if planned.benchmark.prompts is not None:
        probe(config.judge, requests(config, planned))
    if config.relevance == JUDGED:
        asked = [planned.benchmark.messages(item, None)[-1].content for item in planned.items[:PROBES]]
        relevance.probe(config.judge, asked, TRIAL)


def requests(config: EvalConfig, planned: Plan) -> list[JudgeRequest]:
    """The requests about the made-up answer to a few items, one for each; none without a judge."""
    benchmark = planned.benchmark
    if config.judge is None or benchmark.prompts is None:
        return []
    prompts = load("eval", benchmark.prompts, config.judge.prompts)
    found = (benchmark.requests(item, TRIAL, {}, prompts, config.dialect) for item in planned.items)
    return [*islice((first for some in found for first in some[:1]), PROBES)]
