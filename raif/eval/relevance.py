"""Are the answers of an evaluation answers to their prompts? Measured by a model on this machine, or asked of
the judge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from raif.config.eval import JUDGED, EvalConfig
from raif.config.judge import JudgeConfig
from raif.errors import EndpointError, require
from raif.eval.answers import Ask
from raif.eval.benchmark import ScoredItem, subset
from raif.eval.rates import Rates, Table, Tally
from raif.judge.judge import Judge
from raif.types import Relevance

CACHE = "relevance.sqlite"


def measured(
    config: EvalConfig, asks: Sequence[Ask], answers: Mapping[str, str], folder: Path
) -> Mapping[str, Relevance]:
    """The relevance of each answer by its item's id; empty if the config doesn't ask for it.

    `asks` of items without an answer only belong to the set that answers are compared over. Raises RaifError
    if the model can't be loaded, EndpointError if the judge can't be reached.
    """
    chosen = subset([ask for ask in asks if ask.id in answers], config.relevance_limit, config.seed)
    if config.relevance is None:
        return {}
    found = _judged(config, chosen, answers, folder)
    if found is None:
        require("torch", "transformers", extra="train")
        from raif.models.relevance import Asked, open_meter

        local = config.local
        everything = [Asked(ask.messages) for ask in asks]
        meter = open_meter(config.relevance, everything, dtype=local.compute, device=local.device)
        found = meter.of([(Asked(ask.messages), answers[ask.id]) for ask in chosen])
    return {ask.id: each for ask, each in zip(chosen, found, strict=True)}


def _judged(
    config: EvalConfig, asks: Sequence[Ask], answers: Mapping[str, str], folder: Path
) -> list[Relevance] | None:
    """What the judge says; None if a model is to say it. The benchmark's own prompts are not for this."""
    if config.relevance != JUDGED or config.judge is None:
        return None
    try:
        with _judge(config.judge, folder) as judge:
            return judge.relevance([(ask.prompt, "en", answers[ask.id]) for ask in asks])
    except EndpointError as error:
        hint = f"{error.hint}\nAll answers are kept. Go on with --resume, or leave out --relevance."
        raise EndpointError(error.message, hint) from error


def kept(config: EvalConfig, answered: Sequence[tuple[str, str]], folder: Path) -> list[bool]:
    """Whether the judge's word on each answer, given as prompt and answer, is in the run's folder."""
    if config.judge is None or not (folder / CACHE).exists():
        return [False for _ in answered]
    with _judge(config.judge, folder) as judge:
        return [judge.kept(judge.about_relevance(asked, "en", text)) is not None for asked, text in answered]


def _judge(config: JudgeConfig, folder: Path) -> Judge:
    return Judge(config.model_copy(update={"cache": folder / CACHE, "prompts": None}))


def probe(judge: JudgeConfig, prompts: Sequence[str], answer: str) -> None:
    """Try a judge of relevance on a made-up answer. Raises EndpointError if it can't be asked, or if none of
    its replies can be read."""
    with Judge(judge.model_copy(update={"prompts": None})) as trial:
        found = trial.ask([trial.about_relevance(prompt, "en", answer) for prompt in prompts])
    if all(one.passed is None for one in found):
        raise EndpointError(
            f"{judge.model} judged the relevance of none of {len(found)} trial answers: {found[0].reason}",
            "No answer was asked for yet. Take another judge.",
        )


def tables(items: Sequence[ScoredItem[Any]], found: Mapping[str, Relevance], seed: int) -> tuple[Table, ...]:
    """The shares of relevant answers and of those with full marks, too; the mean gain, if there is one."""
    if not found:
        return ()
    rates = Rates([_tally(each, found[each.item.id]) for each in items], seed=seed)
    shares = [rates.row(name, name) for name in ("relevant", "full marks and relevant")]
    gains = [rates.row("gain, nats a token", "gain")] if rates.count("gain")[0] else []
    several = [Table("relevance", ("share",), tuple(shares))]
    several += [Table("relevance", ("mean",), tuple(gains), percent=False)] if gains else []
    return tuple(several)


def _tally(scored: ScoredItem[Any], relevance: Relevance) -> Tally:
    tally: dict[str, list[float]] = {}
    if relevance.relevant is not None:
        tally["relevant"] = [float(relevance.relevant)]
        if scored.main is not None:
            tally["full marks and relevant"] = [float(relevance.relevant and scored.main == 1)]
    if relevance.gain is not None:
        tally["gain"] = [relevance.gain]
    return tally
