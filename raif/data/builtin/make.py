"""One record: draw constraints for a seed, compose the instruction, answer it, verify the answer."""

from __future__ import annotations

import random

from raif.config.builtin import BuiltinConfig, CompositionName, Language
from raif.constraints.satisfiable import contradiction
from raif.constraints.tree import active
from raif.data.builtin import branch, compose
from raif.data.builtin.respond import kinds_for, respond
from raif.data.builtin.seeds import Seed, Split, split_seeds
from raif.data.funnel import Funnel
from raif.errors import ConfigError, did_you_mean
from raif.types import Composition, Constraint, Expert, Instruction, Message
from raif.verdicts.checks import verify

GENERATOR = "builtin-3"
"""Changes with anything that changes the records of a given config."""

_ATTEMPTS = 1000


class Maker:
    """Makes the records of one split, none of whose seeds the other has.

    Each record has a random generator of its own: it depends on the config and its number, and on the ones
    before it only in that no prompt comes twice.
    """

    def __init__(self, config: BuiltinConfig, split: Split, funnel: Funnel) -> None:
        self._config, self._split, self._funnel = config, split, funnel
        self._weights = {language: weight for language, weight in config.languages.items() if weight}
        self._kinds = {language: _kinds(config, language) for language in self._weights}
        self._compositions = {name: weight for name, weight in config.compositions.items() if weight}
        self._asked: set[str] = set()

    def record(self, number: int) -> Instruction:
        """The next record; ConfigError where a thousand draws make none."""
        config, rng = self._config, random.Random(f"{self._config.seed} {self._split} {number}")
        (language,) = rng.choices(list(self._weights), list(self._weights.values()))
        count = rng.randint(config.min_constraints, config.max_constraints)
        name = self._composition(rng)
        count = branch.fitted(name, count)
        for _ in range(_ATTEMPTS):
            if made := self._try(language, name, count, rng):
                return self._named(made, number)
        raise ConfigError(
            f"no record with {count} constraints in {language!r} after {_ATTEMPTS} draws",
            "Allow more kinds, fewer constraints a record, or ask for fewer records.",
        )

    def _composition(self, rng: random.Random) -> CompositionName:
        """Nothing is drawn where there is only one."""
        names, weights = list(self._compositions), list(self._compositions.values())
        return rng.choices(names, weights)[0] if len(names) > 1 else names[0]

    def _try(
        self, language: Language, name: CompositionName, count: int, rng: random.Random
    ) -> Instruction | None:
        """One draw; None where it is dropped, which the funnel counts."""
        self._funnel.drawn += 1
        seeds = split_seeds(
            language, self._split, seed=self._config.seed, heldout_share=self._config.heldout_share
        )
        seed = rng.choice(seeds)
        constraints = compose.draw(seed, self._kinds[language], count, rng)
        plan = compose.plan(name, seed, len(constraints), rng)
        if reason := contradiction(compose.active_of(constraints, plan.composition), seed.language):
            self._funnel.contradicts(reason)
            return None
        return self._answered(seed, constraints, plan, rng)

    def _answered(
        self, seed: Seed, constraints: tuple[Constraint, ...], plan: compose.Plan, rng: random.Random
    ) -> Instruction | None:
        prompt = compose.ask(seed, constraints, plan, rng)
        if prompt in self._asked:
            self._funnel.duplicate += 1
            return None
        size = rng.randint(self._config.min_sentences, self._config.max_sentences)
        remark = plan.condition.thought if plan.condition else ""
        expert = respond(seed, compose.active_of(constraints, plan.composition), rng, size, remark)
        made = _instruction(seed, prompt, constraints, plan.composition, expert)
        if failed := _first_failed(made):
            self._funnel.failed[failed] += 1
            return None
        self._funnel.written += 1
        self._asked.add(prompt)
        return made

    def _named(self, made: Instruction, number: int) -> Instruction:
        provenance = {**made.provenance, "generator": GENERATOR, "random_seed": self._config.seed}
        return made.model_copy(update={"id": f"{self._split}-{number:05d}", "provenance": provenance})


def _instruction(
    seed: Seed,
    prompt: str,
    constraints: tuple[Constraint, ...],
    composition: Composition,
    expert: Expert | None,
) -> Instruction:
    return Instruction(
        id=seed.id,
        messages=(Message(role="user", content=prompt),),
        language=seed.language,
        constraints=constraints,
        composition=composition,
        expert=expert,
        provenance={"seed": seed.id, "task": seed.task, "topic": seed.topic},
    )


def _first_failed(made: Instruction) -> str | None:
    """The id of the first constraint that the expert's answer fails strictly, if any."""
    if made.expert is None:
        return "too few sentences fit"
    verdicts = verify(made, made.expert.answer).verdicts
    counted = active(made.composition, [verdict.passed for verdict in verdicts])
    pairs = zip(verdicts, counted, strict=True)
    return next((verdict.id for verdict, counts in pairs if counts and not verdict.passed), None)


def _kinds(config: BuiltinConfig, language: Language) -> list[str]:
    """The kinds to draw from in `language`; ConfigError where one is unknown or none is left."""
    able = kinds_for(language)
    known = {id for each in ("en", "zh") for id in kinds_for(each)}
    for id in config.kinds:
        if id not in known:
            raise ConfigError(f"kinds: no built-in responder for {id!r}", did_you_mean(id, known))
    chosen = [id for id in able if not config.kinds or id in config.kinds]
    if not chosen:
        raise ConfigError(f"kinds: none of them can be asked in {language!r}", f"Set languages.{language}=0.")
    needed = max(branch.fitted(name, 1) for name, weight in config.compositions.items() if weight)
    if len(chosen) < needed:
        raise ConfigError(f"compositions: they need {needed} kinds in {language!r}, there are {len(chosen)}")
    return chosen
