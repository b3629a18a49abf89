"""How often an untrained model meets each kind: python benchmarks/plain_pass.py [RECORDS [MODEL]]

Asks the packaged model (or MODEL, a folder) for a greedy answer to built-in records with one constraint each,
without thinking, and to the same requests without the constraint. Prints for each kind, and each relation,
how many answers pass: what a model does when asked, and by chance. Half of the records are Chinese.
"""

from __future__ import annotations

import sys
from collections import defaultdict

import torch

from raif.config.builtin import BuiltinConfig
from raif.data import records
from raif.data.builtin.respond.kinds import bound_of
from raif.data.builtin.seeds import all_seeds
from raif.models.chat import Chat
from raif.models.load import load
from raif.models.local import greedy
from raif.types import Message
from raif.verdicts.checks import verify

_TOKENS, _BATCH = 300, 72


def main(count: str = "400", path: str = "packaged:smollm2-135m") -> None:
    config = BuiltinConfig(count=int(count), heldout_share=0, languages={"en": 1, "zh": 1}, max_constraints=1)
    made = list(records(config))
    requests = {seed.id: seed.prompt for seed in all_seeds()}
    model = load(path, dtype=torch.bfloat16)
    chat = Chat(model.tokenizer, "none")

    def answered(prompts: list[str]) -> list[str]:
        asked = [chat.prompt((Message(role="user", content=text),), "direct") for text in prompts]
        found = greedy(model, asked, max_new_tokens=_TOKENS, batch=_BATCH)
        return [chat.text(completion.ids, "direct") for completion in found]

    texts = {
        "asked": answered([record.prompt for record in made]),
        "not asked": answered([requests[record.provenance["seed"]] for record in made]),
    }
    passed: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for way, answers in texts.items():
        for record, text in zip(made, answers, strict=True):
            (constraint,) = record.constraints
            bound = bound_of(constraint)
            name = f"{constraint.id} {bound[0]}" if bound else constraint.id
            followed = verify(record, text, loose=False).followed is True
            for key in (name, f"all, {record.language}"):
                passed[key][way].append(followed)
    print("| constraint | records | passed when asked | passed when not asked |\n|---|---:|---:|---:|")
    for name in sorted(passed):
        asked, not_asked = passed[name]["asked"], passed[name]["not asked"]
        print(f"| {name} | {len(asked)} | {_share(asked)} | {_share(not_asked)} |")


def _share(found: list[bool]) -> str:
    return f"{sum(found) / len(found):.0%}"


if __name__ == "__main__":
    main(*sys.argv[1:])
