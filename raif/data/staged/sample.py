"""Which of the tagged seeds get into the sample: of wanted topics, and with a cap for each tag."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from raif.config.staged import SelectConfig
from raif.data.staged.stage import Outcome
from raif.data.staged.tags import OTHER
from raif.types import Instruction


def left_out(outcomes: Sequence[Outcome], config: SelectConfig, rng: random.Random) -> dict[int, str]:
    """The numbers of the kept ones that don't get into the sample, each with the reason."""
    left: dict[int, str] = {}
    counts: Counter[tuple[str, ...]] = Counter()
    kept = [(outcome.number, outcome.record) for outcome in outcomes if outcome.record]
    rng.shuffle(kept)
    for number, record in kept:
        tags = [(kind, record.provenance[kind], record.language) for kind in ("task", "topic")]
        if reason := _wrong_topic(record, config) or _full(counts, tags, config):
            left[number] = reason
        else:
            counts.update([*tags, ()])
    return left


def _wrong_topic(record: Instruction, config: SelectConfig) -> str:
    topic = record.provenance["topic"]
    if not config.topics or topic in config.topics:
        return ""
    return "no known topic" if topic == OTHER else "another topic"


def _full(counts: Counter[tuple[str, ...]], tags: Sequence[tuple[str, ...]], config: SelectConfig) -> str:
    """Why the sample has no place for one more with these tags; "" where it has."""
    over = next((tag for tag in tags if counts[tag] == config.cap), None)
    if over:
        return f"over the cap of a {over[0]}"
    return "not in the sample" if counts[()] == config.count else ""
