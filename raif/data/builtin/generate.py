"""The built-in generator: the same records for the same config, offline, on one core.

For each record it draws constraints for a seed, composes the instruction, answers it and verifies the answer.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import floor
from pathlib import Path
from typing import TypeVar

from raif.config.builtin import LEVELS, BuiltinConfig, CompositionName, Language, Level
from raif.constraints.tree import active
from raif.data.builtin import compose, turns
from raif.data.builtin.draw import STEPS, can_chain
from raif.data.builtin.instruct import Impossible, drawn
from raif.data.builtin.respond import ON_REQUEST, kinds_for
from raif.data.builtin.respond.judged import Asked
from raif.data.builtin.respond.plain import Plain, passing_levels
from raif.data.builtin.retell import retold
from raif.data.builtin.seeds import SPLITS, Seed, Split, split_seeds
from raif.data.builtin.turns import spread
from raif.data.builtin.words import length_of
from raif.data.card import Funnel, statistics, write_card
from raif.data.passes import untrained
from raif.errors import ConfigError, did_you_mean
from raif.files import jsonl
from raif.files.runs import open_run
from raif.records.turns import with_experts
from raif.types import Instruction
from raif.verdicts.checks import verify

GENERATOR = "builtin-6"
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
    open_run(folder, config, resumable=False, overwrite=overwrite)
    made: dict[str, list[Instruction]] = {split: [] for split in SPLITS}
    for split, source in sources.items():
        for record in source:
            made[split].append(record)
            if progress:
                progress(funnel.written, config.count)
        jsonl.write(folder / f"{split}.jsonl", made[split])
    stats = statistics(made)
    stats |= {"funnel": vars(funnel), "untrained": untrained(stats["kind"])}
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
        yield record if more else _without_experts(record)


def _without_experts(record: Instruction) -> Instruction:
    then = tuple(turn.model_copy(update={"expert": None}) for turn in record.then)
    return record.model_copy(update={"expert": None, "then": then})


class Maker:
    """Makes the records of one split.

    Each record has its own random generator: it depends on the config, on its number, and on earlier records
    only because no prompt occurs twice.
    """

    def __init__(self, config: BuiltinConfig, split: Split, funnel: Funnel) -> None:
        self._config, self._split, self._funnel = config, split, funnel
        self._weights = {language: weight for language, weight in config.languages.items() if weight}
        self._compositions = {name: weight for name, weight in config.compositions.items() if weight}
        self._levels = {level: weight for level, weight in config.levels.items() if weight}
        self._plains: dict[tuple[str, Level], Plain] = {}
        self._fitting: dict[tuple[Language, Level], list[Plain]] = {}
        self._kinds = {language: _kinds(config, language, self._compositions) for language in self._weights}
        self._asked: set[str] = set()

    def record(self, number: int) -> Instruction:
        """The record of this number. Raises ConfigError after a thousand failed draws."""
        config, rng = self._config, random.Random(f"{self._config.seed} {self._split} {number}")
        language = _drawn(self._weights, rng)
        count = rng.randint(config.min_constraints, config.max_constraints)
        name = _drawn(self._compositions, rng)
        judged = name != "chain" and rng.random() < config.judged
        for _ in range(_ATTEMPTS):
            if made := self._draw(number, language, name, count, judged, rng):
                return made
        raise ConfigError(
            f"no record with {count} constraints in {language!r} after {_ATTEMPTS} draws",
            "Allow more kinds, fewer constraints a record, or ask for fewer records.",
        )

    def _draw(
        self, number: int, language: Language, name: CompositionName, count: int, judged: bool,
        rng: random.Random,
    ) -> Instruction | None:  # fmt: skip
        """One draw; None if it is dropped. The funnel counts why."""
        config, funnel = self._config, self._funnel
        funnel.drawn += 1
        plain = self._plain(language, rng)
        try:
            one = drawn(plain, self._kinds[language], name, count, judged, rng)
            several = spread(one, config.turns, rng) if config.turns > 1 else [one]
            prompt = several[0].prompt(rng)
            if prompt in self._asked:
                funnel.duplicate += 1
                return None
            made = turns.record(f"{self._split}-{number:05d}", several, prompt, config.thinking, rng)
            if not one.others_possible():
                raise Impossible("no choice of sentences meets it")
        except Impossible as reason:
            funnel.cannot(str(reason))
            return None
        if failed := _first_failed(made, one.asked):
            funnel.failed[failed] += 1
            return None
        answers = [turn.expert.answer for turn in with_experts(made) if turn.expert]
        if config.longest_expert and max(length_of(a, language) for a in answers) > config.longest_expert:
            funnel.cannot("the expert's answer is too long")
            return None
        funnel.written += 1
        self._asked.add(prompt)
        plains = [self._at(plain.seed, level) for level in LEVELS]
        shares = [passing_levels(plains, constraint) for constraint in one.constraints]
        origin = {"plain_passes": shares, "generator": GENERATOR, "random_seed": config.seed}
        return made.model_copy(update={"provenance": made.provenance | origin})

    def _plain(self, language: Language, rng: random.Random) -> Plain:
        """The plain answer to one of the seeds, at one of the levels, if it is not too long."""
        config, level = self._config, _drawn(self._levels, rng)
        if (language, level) not in self._fitting:
            share = config.heldout_share
            seeds = split_seeds(language, self._split, seed=config.seed, heldout_share=share)
            if config.retellings and self._split == "train":
                seeds = retold(config.retellings, seeds)
            plains = [self._at(seed, level) for seed in seeds]
            fitting = [one for one in plains if not config.longest or one.longest <= config.longest]
            if not fitting:
                raise ConfigError(
                    f"longest: no {self._split} seed in {language!r} has a {level} answer so short",
                    "Raise it, or give another level more weight.",
                )
            self._fitting[language, level] = fitting
        return rng.choice(self._fitting[language, level])

    def _at(self, seed: Seed, level: Level) -> Plain:
        if (seed.id, level) not in self._plains:
            self._plains[seed.id, level] = Plain(seed, level)
        return self._plains[seed.id, level]


T = TypeVar("T")


def _drawn(weights: Mapping[T, float], rng: random.Random) -> T:
    """One of them by weight. Draws nothing from `rng` if there is one only."""
    one, *more = weights
    return rng.choices([one, *more], list(weights.values()))[0] if more else one


def _first_failed(made: Instruction, asked: Sequence[Asked]) -> str | None:
    """The first check that an expert's answer fails strictly, if any: a kind, or what a judge is asked."""
    for turn in with_experts(made):
        answer = turn.expert.answer if turn.expert else ""
        verdicts = verify(turn, answer, loose=False).verdicts
        truths = [verdict.passed for verdict in verdicts[: len(turn.constraints)]]
        truths += [one.holds(answer) for one in asked]
        names = [*(check.id for check in turn.constraints), *(f"judged:{one.name}" for one in asked)]
        counted = active(turn.composition, truths)
        found = zip(names, truths, counted, strict=True)
        if failed := next((name for name, passed, counts in found if counts and not passed), None):
            return failed
    return None


def _kinds(config: BuiltinConfig, language: Language, compositions: Iterable[CompositionName]) -> list[str]:
    """The kinds to draw from in `language`. Raises ConfigError if one is unknown or if there are too few."""
    known = {id for each in ("en", "zh") for id in [*kinds_for(each), *ON_REQUEST]}
    for id in config.kinds:
        if id not in known:
            raise ConfigError(f"kinds: no built-in responder for {id!r}", did_you_mean(id, known))
    chosen = kinds_for(language, config.kinds)
    if not chosen:
        raise ConfigError(f"kinds: no kind has a wording in {language!r}", f"Set languages.{language}=0.")
    if not can_chain(chosen) and {"chain", "nested"} & set(compositions):
        raise ConfigError(
            f"compositions: a chain needs the kind {STEPS[0]!r}, which is not among `kinds`",
            "Add it, or leave out chain and nested.",
        )
    needed = max(compose.fitted(name, 1) for name in compositions)
    if len(chosen) < needed:
        raise ConfigError(f"compositions: they need {needed} kinds in {language!r}, there are {len(chosen)}")
    return chosen
