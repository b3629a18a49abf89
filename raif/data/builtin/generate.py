"""The built-in generator: the same records for the same config, offline, on one core.

For each record it draws constraints for a seed, composes the instruction, answers it and verifies the answer.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import floor
from pathlib import Path

from raif.config.builtin import BuiltinConfig, CompositionName, Language
from raif.constraints.satisfiable import contradiction
from raif.constraints.tree import active
from raif.data.builtin import compose
from raif.data.builtin.respond import kinds_for, respond
from raif.data.builtin.seeds import SPLITS, Split, split_seeds
from raif.data.card import Funnel, statistics, write_card
from raif.errors import ConfigError, did_you_mean
from raif.files import jsonl
from raif.files.runs import open_run
from raif.types import Expert, Instruction, Message
from raif.verdicts.checks import verify

GENERATOR = "builtin-3"
"""Changes with anything that changes the records of a given config."""

_ATTEMPTS = 1000
_INTRODUCTION = """\
{train} training and {heldout} held-out records; the splits share no seed ({train_seeds} and {heldout_seeds}).
Made by the built-in responder with random seed {seed}: `config.yaml` makes the same records again.

Each record is an instruction with constraints that code checks; {experts} of them have an expert answer
with its thinking. Every answer passed all of its constraints strictly. The sentences come from the packaged
seeds: the records teach a model to follow constraints, not facts."""


@dataclass(frozen=True)
class Summary:
    """Where the records are, how many there are, and what became of the draws."""

    folder: Path
    train: int
    heldout: int
    funnel: Funnel


def generate(
    config: BuiltinConfig,
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
    *,
    overwrite: bool = False,
) -> Summary:
    """Write the config, train.jsonl, heldout.jsonl and the data card into `folder`.

    `progress` is called with (records done, records in all). Raises ConfigError if the folder already holds a
    run, if a kind is unknown, or if there are too few kinds for the number of records.
    """
    funnel = Funnel()
    sources = {split: records(config, split, funnel) for split in SPLITS}
    open_run(folder, config, overwrite=overwrite)
    made: dict[str, list[Instruction]] = {split: [] for split in SPLITS}
    for split, source in sources.items():
        for record in source:
            made[split].append(record)
            if progress:
                progress(funnel.written, config.count)
        jsonl.write(folder / f"{split}.jsonl", made[split])
    stats = statistics(made) | {"funnel": vars(funnel)}
    introduction = _INTRODUCTION.format(
        **stats["records"],
        **{f"{split}_seeds": count for split, count in stats["seeds"].items()},
        seed=config.seed,
        experts=stats["experts"],
    )
    write_card(folder, introduction, stats, funnel.rows())
    return Summary(folder, len(made["train"]), len(made["heldout"]), funnel)


def records(
    config: BuiltinConfig, split: Split = "train", funnel: Funnel | None = None
) -> Iterator[Instruction]:
    """The records of one split, counted in `funnel`; no record of the other split shares a seed with them.

    Raises ConfigError at once if a kind is unknown, and later if too few kinds can be combined.
    """
    maker = Maker(config, split, Funnel() if funnel is None else funnel)
    held = round(config.count * config.heldout_share)
    made = map(maker.record, range(held if split == "heldout" else config.count - held))
    return made if split == "heldout" else _with_experts(made, config.expert_share)


def _with_experts(made: Iterable[Instruction], share: float) -> Iterator[Instruction]:
    """Keeps `share` of the expert answers, evenly: of the first n records, share * n, rounded down."""
    for number, record in enumerate(made):
        more = floor((number + 1) * share) > floor(number * share)
        yield record if more else record.model_copy(update={"expert": None})


class Maker:
    """Makes the records of one split.

    Each record has its own random generator: it depends on the config, on its number, and on earlier records
    only because no prompt occurs twice.
    """

    def __init__(self, config: BuiltinConfig, split: Split, funnel: Funnel) -> None:
        self._config, self._split, self._funnel = config, split, funnel
        self._weights = {language: weight for language, weight in config.languages.items() if weight}
        self._compositions = {name: weight for name, weight in config.compositions.items() if weight}
        self._kinds = {language: _kinds(config, language, self._compositions) for language in self._weights}
        self._asked: set[str] = set()

    def record(self, number: int) -> Instruction:
        """The record of this number. Raises ConfigError after a thousand failed draws."""
        config, rng = self._config, random.Random(f"{self._config.seed} {self._split} {number}")
        (language,) = rng.choices(list(self._weights), list(self._weights.values()))
        count = rng.randint(config.min_constraints, config.max_constraints)
        name, *more = self._compositions
        if more:  # a config with one composition draws nothing here
            (name,) = rng.choices([name, *more], list(self._compositions.values()))
        count = compose.fitted(name, count)
        for _ in range(_ATTEMPTS):
            if made := self._draw(number, language, name, count, rng):
                return made
        raise ConfigError(
            f"no record with {count} constraints in {language!r} after {_ATTEMPTS} draws",
            "Allow more kinds, fewer constraints a record, or ask for fewer records.",
        )

    def _draw(
        self, number: int, language: Language, name: CompositionName, count: int, rng: random.Random
    ) -> Instruction | None:
        """One draw; None if it is dropped. The funnel counts why."""
        config, funnel = self._config, self._funnel
        funnel.drawn += 1
        seed = rng.choice(
            split_seeds(language, self._split, seed=config.seed, heldout_share=config.heldout_share)
        )
        constraints = compose.draw(seed, self._kinds[language], count, rng)
        plan = compose.plan(name, seed, len(constraints), rng)
        counted = compose.active_of(constraints, plan.composition)
        if reason := contradiction(counted, seed.language):
            funnel.contradicts(reason)
            return None
        wordings = [compose.worded(constraint, seed.language, rng) for constraint in constraints]
        prompt = compose.prompt(seed, wordings, plan, rng)
        if prompt in self._asked:
            funnel.duplicate += 1
            return None
        size = rng.randint(config.min_sentences, config.max_sentences)
        expert = respond(seed, counted, rng, size, plan.condition.thought if plan.condition else "")
        origin = {"seed": seed.id, "task": seed.task, "topic": seed.topic}
        made = Instruction(
            id=f"{self._split}-{number:05d}",
            messages=(Message(role="user", content=prompt),),
            language=seed.language,
            constraints=constraints,
            composition=plan.composition,
            expert=expert,
            provenance={**origin, "generator": GENERATOR, "random_seed": config.seed},
        )
        if failed := _first_failed(made, expert):
            funnel.failed[failed] += 1
            return None
        funnel.written += 1
        self._asked.add(prompt)
        return made


def _first_failed(made: Instruction, expert: Expert | None) -> str | None:
    """The id of the first constraint that the expert's answer fails strictly, if any."""
    if expert is None:
        return "too few sentences fit"
    verdicts = verify(made, expert.answer).verdicts
    counted = active(made.composition, [verdict.passed for verdict in verdicts])
    pairs = zip(verdicts, counted, strict=True)
    return next((verdict.id for verdict, counts in pairs if counts and not verdict.passed), None)


def _kinds(config: BuiltinConfig, language: Language, compositions: Iterable[CompositionName]) -> list[str]:
    """The kinds to draw from in `language`. Raises ConfigError if one is unknown or if there are too few."""
    known = {id for each in ("en", "zh") for id in kinds_for(each)}
    for id in config.kinds:
        if id not in known:
            raise ConfigError(f"kinds: no built-in responder for {id!r}", did_you_mean(id, known))
    chosen = [id for id in kinds_for(language) if not config.kinds or id in config.kinds]
    if not chosen:
        raise ConfigError(f"kinds: no kind has a wording in {language!r}", f"Set languages.{language}=0.")
    needed = max(compose.fitted(name, 1) for name in compositions)
    if len(chosen) < needed:
        raise ConfigError(f"compositions: they need {needed} kinds in {language!r}, there are {len(chosen)}")
    return chosen
