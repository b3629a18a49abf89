"""How many expert answers of the miniature, with thinking and tags, are longer than a response may be.

    python benchmarks/expert_lengths.py
    python benchmarks/expert_lengths.py longest_expert=0   # any key of `raif gen-data --preset mini`

Tokens are SmolLM2-135M's, the limit is that of `raif train --preset mini`.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean

from transformers import AutoTokenizer

from raif.config import load
from raif.config.builtin import BuiltinConfig
from raif.config.train import TrainConfig
from raif.data import records
from raif.models.chat import Chat
from raif.models.load import resolve


def main(keys: Sequence[str]) -> None:
    config = load(BuiltinConfig, "gen-data", preset="mini", overrides=keys)
    train = load(TrainConfig, "train", preset="mini")
    limit, style = train.rollout.max_new_tokens, train.model.style
    chat = Chat(AutoTokenizer.from_pretrained(resolve(train.model.path)), style, train.model.format_request)
    longer = defaultdict[str, list[bool]](list)
    for record in records(config):
        if record.expert:
            over = len(chat.completion(record.expert)) > limit
            for name in ("all records", *(check.id for check in record.constraints)):
                longer[name].append(over)
    print(f"| | records | longer than {limit} tokens |\n|---|---|---|")
    for name, found in sorted(longer.items(), key=lambda item: -fmean(item[1])):
        print(f"| {name} | {len(found)} | {fmean(found):.0%} |")


if __name__ == "__main__":
    main(sys.argv[1:])
