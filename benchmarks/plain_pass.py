"""How often an untrained model meets each kind: python benchmarks/plain_pass.py [RECORDS [MODEL [ANSWERS]]]

Asks the packaged model (or MODEL, a folder) for a greedy answer to built-in records with one constraint each
(1,000, half of them Chinese), without thinking, and to the same requests without the constraint. It prints
how many answers pass, by kind and by bound: what the model does when asked, and by chance.

The figures of the packaged model go into raif/data/builtin/untrained.json, which every data card quotes: run
it again after a change of the generator's version. It takes long on a CPU. ANSWERS (runs/plain-pass.jsonl)
keeps the answers, so that a run that was broken off goes on.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from raif.config.builtin import BuiltinConfig
from raif.data import passes, records
from raif.data.builtin.generate import GENERATOR
from raif.data.builtin.seeds import all_seeds
from raif.files import jsonl
from raif.models.local import LocalModel
from raif.types import Instruction, Message
from raif.verdicts.checks import verify

PACKAGED = "packaged:smollm2-135m"
_TOKENS, _BATCH = 300, 72


def answers(prompts: Sequence[str], path: str, file: Path) -> dict[str, str]:
    """Prompt -> answer. Those in the file are kept; prompts of similar length are asked about together."""
    known = {row["prompt"]: row["answer"] for row in jsonl.finished(file) if row["model"] == path}
    left = sorted({*prompts} - {*known}, key=len)
    if not left:
        return known
    model = LocalModel(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    jsonl.drop_torn_line(file)
    for start in range(0, len(left), _BATCH):
        batch = left[start : start + _BATCH]
        turns = [(Message(role="user", content=text),) for text in batch]
        found = model.chat(turns, max_new_tokens=_TOKENS)
        rows = [
            {"model": path, "prompt": text, "answer": one.text}
            for text, one in zip(batch, found, strict=True)
        ]
        with file.open("ab") as stream:
            jsonl.write(stream, rows)
        known |= {row["prompt"]: row["answer"] for row in rows}
        print(f"{start + len(batch)} of {len(left)} answers", file=sys.stderr, flush=True)
    return known


def passing(made: Sequence[Instruction], texts: Sequence[str]) -> dict[str, dict[str, object]]:
    """The share of answers that pass, by kind and by bound."""
    return passes.by_kind(
        (record.constraints[0], float(verify(record, text, loose=False).followed is True))
        for record, text in zip(made, texts, strict=True)
    )


def main(count: str = "1000", path: str = PACKAGED, kept: str = "runs/plain-pass.jsonl") -> None:
    config = BuiltinConfig(count=int(count), heldout_share=0, languages={"en": 1, "zh": 1}, max_constraints=1)
    made = list(records(config))
    requests = {seed.id: seed.prompt for seed in all_seeds()}
    asked, plain = ([r.prompt for r in made], [requests[r.provenance["seed"]] for r in made])
    found = answers([*asked, *plain], path, Path(kept))
    figures = {
        "model": path.removeprefix("packaged:"),
        "generator": GENERATOR,
        "answers": len(made),
        "asked": passing(made, [found[prompt] for prompt in asked]),
        "not_asked": passing(made, [found[prompt] for prompt in plain]),
    }
    if path == PACKAGED:
        passes.UNTRAINED.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    print("| constraint | answers | asked | not asked |\n|---|---:|---:|---:|")
    for name, number, shares in passes.rows(figures["asked"], figures["not_asked"]):
        print(f"| {name} | {number} | {' | '.join(f'{share:.0%}' for share in shares)} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
