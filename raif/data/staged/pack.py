"""The stage `pack`: training and held-out files, mixed with math, split by seed, with a data card."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from raif.data.builtin.seeds import SPLITS
from raif.data.card import StageFunnel, statistics, write_card
from raif.data.staged import sources
from raif.data.staged.run import finished_funnels
from raif.data.staged.stage import BROKEN, STAGES, Decision, Numbered, Stage
from raif.errors import RecordError, require
from raif.files import jsonl, whole
from raif.records.turns import with_experts
from raif.types import Instruction, Message
from raif.verdicts.checks import verify

_REQUEST = "Put the final answer in \\boxed{}."


class Pack(Stage):
    """The last stage: no prompt twice, no seed in both files, no expert answer that fails its checks."""

    name = "pack"

    def inputs(self) -> Iterator[Instruction | sources.Read | RecordError]:
        yield from super().inputs()
        if self.config.pack.math:
            yield from sources.problems(self.config.pack.math)

    def process(self, todo: Iterator[Numbered], done: Sequence[Decision]) -> Iterator[Decision]:
        prompts = {decision.record.prompt for decision in done if decision.record}
        for each in todo:
            decision = _checked(each) if isinstance(each.item, Instruction) else _math(each)
            if decision.record and decision.record.prompt in prompts:
                decision = each.dropped("duplicate prompt", id=decision.record.id)
            if decision.record:
                prompts.add(decision.record.prompt)
            yield decision

    def settle(self, decisions: Sequence[Decision]) -> Sequence[Decision]:
        """Drop math at random until its ratio to the other records is right."""
        math = [each.number for each in decisions if each.record and each.record.task == "math"]
        others = sum(each.record is not None for each in decisions) - len(math)
        wanted = min(len(math), round(others * self.config.pack.math_ratio))
        left_out = set(math) - set(random.Random(f"math {self.config.seed}").sample(math, wanted))
        return [
            Decision(number=each.number, dropped="more math than the ratio")
            if each.number in left_out
            else each
            for each in decisions
        ]

    def save(self, kept: Sequence[Instruction], funnel: StageFunnel) -> None:
        splits = split(kept, self.config.pack.heldout_share, self.config.seed)
        files = [self.folder / f"{name}.jsonl" for name in splits]
        for path in files:
            jsonl.write(path, splits[path.stem])
        if self.config.pack.parquet:
            files += [write_parquet(self.folder / f"{name}.parquet", splits[name]) for name in SPLITS]
        funnels = [*finished_funnels(self.folder, self.config.stages), funnel]
        stats = statistics(splits) | {
            "seed": self.config.seed,
            "sha256": {path.name: whole.sha256(path) for path in files},
            "funnel": [vars(each) for each in funnels],
        }
        rows = [row for each in funnels for row in each.rows()]
        write_card(self.folder, _introduction(stats, funnels), stats, rows)


def split(kept: Sequence[Instruction], heldout_share: float, seed: int) -> dict[str, Sequence[Instruction]]:
    """Training and held-out records in random order; those of one seed, or of one problem, stay together.

    The share is taken of math and of the other records separately, so that both files have the same mix.
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
    """The request that a record was made from; its own id if it doesn't say."""
    return str(record.provenance.get("seed", record.id))


def _checked(each: Numbered) -> Decision:
    """The record, unless code finds that its expert's answer fails."""
    record: Instruction = each.item
    for turn in with_experts(record):
        found = verify(turn, turn.expert.answer if turn.expert else "")
        if found.followed is False:
            ids = [verdict.id for verdict in found.verdicts if verdict.passed is False]
            return each.dropped("expert answer fails its checks", id=turn.id, failed=ids)
    return each.kept(record)


def _math(each: Numbered) -> Decision:
    """A problem as a record. A worked solution isn't used: it has no thinking to clone."""
    read: sources.Read = each.item
    if isinstance(read.found, RecordError):
        return each.dropped(BROKEN, where=read.where, error=read.found.message)
    if read.found is None:
        return each.dropped("math without a problem or an answer", where=read.where)
    problem = read.found.text.strip()
    id = f"math-{sha256(problem.encode()).hexdigest()[:12]}"
    return each.kept(
        Instruction(
            id=id,
            task="math",
            messages=(Message(role="user", content=f"{problem}\n{_REQUEST}"),),
            reference=read.found.reference,
            provenance={"seed": id, "source": "math"},
        )
    )


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


def write_parquet(path: Path, records: Sequence[Instruction]) -> Path:
    """Write the records with one schema for all.

    What has different fields in different records is JSON text: `composition`, `provenance`, further turns
    and each constraint's `kwargs`.
    """
    require("pyarrow", extra="data")
    import pyarrow as pa
    from pyarrow.parquet import write_table

    def as_text(value: Any) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False)

    def structs(*names: str) -> Any:
        return pa.list_(pa.struct([(name, pa.string()) for name in names]))

    rows = [record.model_dump(mode="json") for record in records]
    for row in rows:
        row |= {name: as_text(row[name]) for name in ("composition", "provenance", "then")}
        row["constraints"] = [each | {"kwargs": as_text(each["kwargs"])} for each in row["constraints"]]
    types = {
        "messages": structs("role", "content"),
        "constraints": structs("id", "kwargs"),
        "questions": structs("text"),
        "expert": pa.struct([("thinking", pa.string()), ("answer", pa.string())]),
        "format_required": pa.bool_(),
        "plain_score": pa.float64(),
    }
    schema = pa.schema([(name, types.get(name, pa.string())) for name in Instruction.model_fields])
    write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return path


STAGES.add(Pack.name, Pack)
