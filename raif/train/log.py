"""What a run leaves behind: metrics.jsonl, samples, curves.png; if asked TensorBoard events and a W&B run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from raif.errors import require
from raif.files import jsonl
from raif.files.runs import CONFIG_NAME
from raif.files.whole import write_whole
from raif.train.doctor import Finding
from raif.train.rollout import Group

PANELS = (
    ("reward", "reward_accuracy", "reward_accuracy_plain"),
    ("cloning_loss",),
    ("kl",),
    ("keep_ratio", "format_share", "truncated_share"),
    ("response_tokens",),
    ("entropy",),
)


class Log:
    """Appends to a run's folder, after `forget_after` has dropped what a killed run wrote beyond its last
    checkpoint.
    """

    def __init__(self, folder: Path, *, tensorboard: bool, wandb: str | None = None) -> None:
        self.metrics_file = folder / "metrics.jsonl"
        self._folder = folder
        if tensorboard:
            require("tensorboard", extra="tensorboard")
        self._tensorboard = tensorboard
        self._writer: Any = None
        self._wandb = _wandb(folder, wandb) if wandb else None

    def forget_after(self, step: int) -> None:
        kept = [m for m in self.read() if m["step"] <= step]
        write_whole(self.metrics_file, "".join(json.dumps(m) + "\n" for m in kept))
        if self._tensorboard:
            self._writer = _tensorboard(self._folder, step + 1)

    def read(self) -> list[dict[str, Any]]:
        """The metrics of all finished steps; a half-written last line is not one."""
        return jsonl.finished(self.metrics_file)

    def write(self, metrics: dict[str, Any]) -> None:
        with self.metrics_file.open("a") as file:
            file.write(json.dumps(metrics) + "\n")
        numbers = {name: value for name, value in metrics.items() if isinstance(value, int | float)}
        if self._writer:
            for name, value in numbers.items():
                self._writer.add_scalar(name, value, metrics["step"])
        if self._wandb:
            self._wandb.log(numbers, step=metrics["step"])

    def close(self) -> None:
        """Write out what is still under way."""
        if self._writer:
            self._writer.close()
        if self._wandb:
            self._wandb.finish()

    def samples(self, step: int, groups: Sequence[Group], kept: Sequence[Sequence[bool]]) -> None:
        """All responses of a step, with rewards and verdicts, as one JSONL file."""
        folder = self._folder / "samples"
        folder.mkdir(exist_ok=True)
        lines = [json.dumps(s, ensure_ascii=False) + "\n" for s in _samples(groups, kept)]
        (folder / f"step-{step:06d}.jsonl").write_text("".join(lines), "utf-8")

    def finding(self, step: int, finding: Finding) -> bool:
        """Write it to findings.jsonl, once in a run; False where it is there already."""
        file = self._folder / "findings.jsonl"
        known = file.read_text("utf-8").splitlines() if file.exists() else []
        if finding.name in (json.loads(line)["name"] for line in known):
            return False
        with file.open("a", encoding="utf-8") as written:
            written.write(json.dumps({"step": step, **asdict(finding)}, ensure_ascii=False) + "\n")
        return True

    def curves(self) -> None:
        """Draw the run's curves into curves.png."""
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot as plt

        metrics = self.read()
        figure, axes = plt.subplots(2, 3, figsize=(13, 6.5), layout="constrained")
        for axis, names in zip(axes.flat, PANELS, strict=True):
            for name in names:
                points = [(m["step"], m[name]) for m in metrics if name in m]
                axis.plot(*zip(*points, strict=True) if points else ([], []), marker=".", label=name)
            axis.legend(frameon=False, fontsize=8)
            axis.set_xlabel("step")
            axis.grid(alpha=0.3)
        figure.savefig(self._folder / "curves.png", dpi=110)
        plt.close(figure)


def _samples(groups: Sequence[Group], kept: Sequence[Sequence[bool]]) -> list[dict[str, Any]]:
    return [
        {
            "id": group.instruction.id,
            "prompt": group.instruction.prompt,
            "thinking": rollout.thinking,
            "text": rollout.text,
            "reward_format": rollout.reward.format,
            "reward_accuracy": rollout.reward.accuracy,
            "reward_length": rollout.reward.length,
            "keep": keep,
            "verdicts": {f"{i} {v.id}": v.passed for i, v in enumerate(rollout.verification.verdicts)},
        }
        for group, keeps in zip(groups, kept, strict=True)
        for rollout, keep in zip(group.rollouts, keeps, strict=True)
    ]


def _tensorboard(folder: Path, first: int) -> Any:
    """A writer of the steps from `first` on: TensorBoard hides what an earlier one wrote of them."""
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder / "tensorboard"), purge_step=first)


def _wandb(folder: Path, project: str) -> Any:
    """A run of its own; one that was broken off goes on as the same."""
    require("wandb", extra="wandb")
    import wandb

    return wandb.init(
        project=project,
        name=folder.resolve().name,
        dir=str(folder),
        config=yaml.safe_load((folder / CONFIG_NAME).read_text("utf-8")),
        resume="auto",
        reinit="create_new",
    )
