"""Training and held-out files: records and math, mixed by ratio, split by seed, with a data card."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from raif.data.builtin.seeds import SPLITS
from raif.data.card import StageFunnel, statistics, write_card
from raif.data.staged import sources
from raif.data.staged.run_files import earlier_funnels
from raif.data.staged.stage import STAGES, Numbered, Outcome, Stage
from raif.files import jsonl, whole
from raif.types import Instruction, Message
from raif.verdicts.checks import verify

_REQUEST = "Put the final answer in \\boxed{}."


class Pack(Stage):
    """The last stage: each prompt once, no seed in both files, no expert answer that fails its checks."""

    name = "pack"

    def inputs(self) -> Iterator[Instruction | sources.Row]:
        yield from super().inputs()
        if self.config.pack.math:
            yield from sources.rows(self.config.pack.math)

    def process(self, todo: Iterator[Numbered], done: Sequence[Outcome]) -> Iterator[Outcome]:
        prompts = {outcome.record.prompt for outcome in done if outcome.record}
        for each in todo:
            outcome = _checked(each) if isinstance(each.item, Instruction) else _math(each)
            if outcome.record and outcome.record.prompt in prompts:
                outcome = each.dropped("prompt that came before", id=outcome.record.id)
            if outcome.record:
                prompts.add(outcome.record.prompt)
            yield outcome

    def settle(self, outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
        """Leave out math, drawn at random, until there is no more of it than the ratio says."""
        math = [each.number for each in outcomes if each.record and each.record.task == "math"]
        others = sum(each.record is not None for each in outcomes) - len(math)
        wanted = min(len(math), round(others * self.config.pack.math_ratio))
        chosen = set(random.Random(f"math {self.config.seed}").sample(math, wanted))
        return [_unless_left_out(each, math=set(math), chosen=chosen) for each in outcomes]

    def save(self, kept: Sequence[Instruction], funnel: StageFunnel) -> None:
        splits = split(kept, self.config.pack.heldout_share, self.config.seed)
        files = [self._write(name, records) for name, records in splits.items()]
        if self.config.pack.parquet:
            from raif.data.parquet import write_parquet

            files += [write_parquet(self.folder / f"{name}.parquet", splits[name]) for name in SPLITS]
        funnels = [*earlier_funnels(self.folder, self.config.stages), funnel]
        stats = statistics(splits) | {
            "seed": self.config.seed,
            "sha256": {path.name: whole.sha256(path) for path in files},
            "funnel": [vars(each) for each in funnels],
        }
        rows = [row for each in funnels for row in each.rows()]
        write_card(self.folder, _introduction(stats, funnels), stats, rows)

    def _write(self, split: str, kept: Sequence[Instruction]) -> Path:
        path = self.folder / f"{split}.jsonl"
        jsonl.write(path, kept)
        return path


def split(kept: Sequence[Instruction], heldout_share: float, seed: int) -> dict[str, Sequence[Instruction]]:
    """Training and held-out records in random order; those of one seed, or of one problem, stay together.

    The share is taken of math and of the others each, so that both files have the same mix.
    """
    rng = random.Random(f"split {seed}")
    held: set[str] = set()
    for math in (False, True):
        seeds = sorted({seed_of(record) for record in kept if (record.task == "math") is math})
        held |= set(rng.sample(seeds, round(len(seeds) * heldout_share)))
    mixed = list(kept)
    rng.shuffle(mixed)
    return {
        "train": [record for record in mixed if seed_of(record) not in held],
        "heldout": [record for record in mixed if seed_of(record) in held],
    }


def seed_of(record: Instruction) -> str:
    """The request that a record was made from; its own id where it doesn't say."""
    return str(record.provenance.get("seed", record.id))


def _checked(each: Numbered) -> Outcome:
    """The record, unless code finds that its expert's answer fails."""
    record: Instruction = each.item
    failed = verify(record, record.expert.answer) if record.expert else None
    if failed and failed.followed is False:
        ids = [verdict.id for verdict in failed.verdicts if verdict.passed is False]
        return each.dropped("expert answer fails its checks", id=record.id, failed=ids)
    return each.kept(record)


def _math(each: Numbered) -> Outcome:
    """A row in DeepScaleR's layout as a record. Its `solution` is left aside: it has no thinking to clone."""
    row: Mapping[str, Any] = each.item
    problem, answer = (str(row.get(name) or "").strip() for name in ("problem", "answer"))
    if not problem or not answer:
        return each.dropped("math without problem or answer")
    id = f"math-{sha256(problem.encode()).hexdigest()[:12]}"
    return each.kept(
        Instruction(
            id=id,
            task="math",
            messages=(Message(role="user", content=f"{problem}\n{_REQUEST}"),),
            reference=answer,
            provenance={"seed": id, "source": "math"},
        )
    )


def _unless_left_out(outcome: Outcome, *, math: set[int], chosen: set[int]) -> Outcome:
    if outcome.number not in math or outcome.number in chosen:
        return outcome
    return Outcome(number=outcome.number, dropped="math beyond the ratio")


def _introduction(stats: Mapping[str, Any], funnels: Sequence[StageFunnel]) -> str:
    stages = [each.stage for each in funnels]
    notes = [f"- {each.stage}: {what}: {each.notes[what]}" for each in funnels for what in each.notes]
    digests = [f"- `{name}`: sha256 `{digest}`" for name, digest in stats["sha256"].items()]
    records, seeds = stats["records"], stats["seeds"]
    return (
        f"{records['train']} training and {records['heldout']} held-out records; the splits share no seed "
        f"({seeds['train']} and {seeds['heldout']}).\nMade by the stages {', '.join(stages)} with random "
        f"seed {stats['seed']}: `config.yaml` says how.\n\n" + "\n".join([*digests, *notes])
    )


STAGES.add(Pack.name, Pack)
