"""How far raif's log-probabilities are from those of transformers' own forward pass, by architecture.

    python benchmarks/families.py

Tiny models with random weights in float32, each with what sets its architecture apart (tests/models). Prints
the largest difference of any token: in training (padded rows, logits in chunks, training mode), in sampling
(with a cache, several responses a prompt), and of a model that was trained for a step and exported, whole and
with LoRA. The exit code is 1 if one of them is above `MOST`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `tests`, and raif if it isn't installed

from raif.config.train import TrainConfig
from raif.models.decode import decode
from raif.models.load import Model, load, recomputing
from raif.train.learner import Learner
from raif.train.logps import Sample, collate, plain_logps, score, token_logps
from tests.models.families import FAMILIES, make

MOST = 1e-4
SAMPLES = [Sample(list(range(40, 70)), list(range(90, 130)), []), Sample([5, 6, 7], [10, 11], [])]


def main() -> None:
    worst = 0.0
    print("| architecture | training | sampling | export | export, LoRA |\n|---|---|---|---|---|", flush=True)
    for name in FAMILIES:
        with TemporaryDirectory() as folder:
            model = load(str(make(name, Path(folder))), dtype=torch.float32, device="cpu")
            found = [training(model), sampling(model), *(exported(Path(folder), rank) for rank in (0, 4))]
        worst = max(worst, *found)
        print(f"| {name} |", " | ".join(f"{difference:.1e}" for difference in found), "|", flush=True)
    sys.exit(0 if worst < MOST else 1)


def training(model: Model) -> float:
    with torch.no_grad(), recomputing(model.net):
        ours = token_logps(model, collate(SAMPLES, pad=model.pad_id, device=model.device))
    return apart(model, [row[: len(s.ids)] for row, s in zip(ours, SAMPLES, strict=True)], SAMPLES)


def sampling(model: Model) -> float:
    prompts = [s.prompt_ids for s in SAMPLES]
    completions = decode(model, prompts, [2, 2], max_new_tokens=24, temperature=1.0, seeds=[1, 2])
    samples = [Sample(p, c.ids, c.logps) for p, cs in zip(prompts, completions, strict=True) for c in cs]
    return apart(model, [torch.tensor(s.old_logps) for s in samples], samples)


def exported(folder: Path, rank: int) -> float:
    """Between the policy after a step, as training computes it, and its export, as transformers does."""
    config = {
        "model": {"path": str(folder), "compute": "float32", "device": "cpu"},
        "lora": {"rank": rank, "alpha": 8},
    }
    learner = Learner(TrainConfig.model_validate(config))
    learner.update([], [], SAMPLES, lr=1e-2)
    ours = score(learner.policy, SAMPLES, size=2)
    learner.export(folder / "exported")
    model = load(str(folder / "exported"), dtype=torch.float32, device="cpu")
    return apart(model, [torch.tensor(row) for row in ours], SAMPLES)


@torch.no_grad()
def apart(model: Model, ours: list[torch.Tensor], samples: list[Sample]) -> float:
    """The largest difference to the model's own forward pass."""
    return max(
        (row - plain_logps(model, sample)).abs().max().item()
        for row, sample in zip(ours, samples, strict=True)
    )


if __name__ == "__main__":
    main()
