"""What a run leaves behind and reports: metrics.jsonl, samples, findings, curves.png; on request TensorBoard
events and a W&B run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from raif.errors import require
from raif.files import jsonl
from raif.files.runs import CONFIG_NAME
from raif.files.whole import replacing
from raif.train.doctor import Finding
from raif.train.groups import Group
from raif.train.loop import Step
from raif.train.page import panels


class Events:
    """What a run tells whoever watches it. Does nothing; subclass it and override what you need."""

    def phase(self, name: str) -> None:
        """A new part of the run begins."""

    def note(self, line: str) -> None:
        """Something to know, that is no trouble any more."""

    def progress(self, done: int, total: int) -> None:
        """Within a phase."""

    def step(self, step: Step, total: int) -> None:
        """A training step is done."""

    def finding(self, step: int, finding: Finding) -> None:
        """Something ruins the run. Each finding is reported once."""


class Log:
    """Appends to a run's folder, once `forget_after` has dropped what a killed run wrote after its last
    checkpoint.
    """

    def __init__(self, folder: Path, *, tensorboard: bool, wandb: str | None = None) -> None:
        self.metrics_file, self._findings = folder / "metrics.jsonl", folder / "findings.jsonl"
        self._folder = folder
        if tensorboard:
            require("tensorboard", extra="tensorboard")
        self._tensorboard = tensorboard
        self._writer: Any = None
        self._wandb = _wandb(folder, wandb) if wandb else None

    def forget_after(self, step: int) -> None:
        kept = [m for m in self.read() if m["step"] <= step]
        with replacing(self.metrics_file) as part:
            jsonl.write(part, kept)
        jsonl.drop_torn_line(self._findings)
        if self._tensorboard:
            from torch.utils.tensorboard import SummaryWriter

            # TensorBoard hides what an earlier writer wrote of the steps from `purge_step` on
            self._writer = SummaryWriter(str(self._folder / "tensorboard"), purge_step=step + 1)

    def read(self) -> list[dict[str, Any]]:
        """The metrics of all finished steps, without a half-written last line."""
        return jsonl.finished(self.metrics_file)

    def write(self, metrics: Mapping[str, Any]) -> None:
        """One line of JSON: what is not finite is null there, and left out elsewhere."""
        with jsonl.appending(self.metrics_file) as file:
            jsonl.write(file, [_finite(metrics)])
        self._show(metrics["step"], metrics)

    def add(self, figures: Mapping[str, Any]) -> None:
        """Add what was measured after the last step to its line."""
        *lines, last = self.read()
        with replacing(self.metrics_file) as part:
            jsonl.write(part, [*lines, last | _finite(figures)])
        self._show(last["step"], figures)

    def _show(self, step: int, metrics: Mapping[str, Any]) -> None:
        numbers = {name: value for name, value in _finite(metrics).items() if isinstance(value, int | float)}
        if self._writer:
            for name, value in numbers.items():
                self._writer.add_scalar(name, value, step)
        if self._wandb:
            self._wandb.log(numbers, step=step)

    def close(self) -> None:
        """Write out what is still buffered."""
        if self._writer:
            self._writer.close()
        if self._wandb:
            self._wandb.finish()

    def samples(self, step: int, groups: Sequence[Group], kept: Sequence[Sequence[bool]]) -> None:
        """All responses of a step, with rewards and verdicts, as one JSONL file."""
        folder = self._folder / "samples"
        folder.mkdir(exist_ok=True)
        lines = [
            {
                "id": group.instruction.id,
                "prompt": group.instruction.prompt,
                "thinking": rollout.thinking,
                "text": rollout.text,
                "reward": rollout.reward.total,
                "rewards": rollout.reward.values,
                "reward_format": rollout.reward.format,
                "reward_accuracy": rollout.reward.accuracy,
                "reward_length": rollout.reward.length,
                "relevant": rollout.relevance and rollout.relevance.relevant,
                "keep": keep,
                "verdicts": {f"{i} {v.id}": v.passed for i, v in enumerate(rollout.verification.verdicts)},
            }
            for group, keeps in zip(groups, kept, strict=True)
            for rollout, keep in zip(group.rollouts, keeps, strict=True)
        ]
        with replacing(folder / f"step-{step:06d}.jsonl") as part:
            jsonl.write(part, lines)

    def finding(self, step: int, finding: Finding) -> bool:
        """Write it to findings.jsonl, once in a run. Returns whether it is new."""
        if finding.name in (known["name"] for known in jsonl.finished(self._findings)):
            return False
        with jsonl.appending(self._findings) as file:
            jsonl.write(file, [{"step": step, **asdict(finding)}])
        return True

    def curves(self) -> None:
        """Draw the panels of the run's page into curves.png."""
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot as plt

        drawn = dict(panels(self.read()))
        rows = max(1, -(-len(drawn) // 3))
        figure, axes = plt.subplots(rows, 3, figsize=(13, 3.25 * rows), layout="constrained", squeeze=False)
        for axis in axes.flat[len(drawn) :]:
            axis.set_axis_off()
        for axis, (title, series) in zip(axes.flat, drawn.items(), strict=False):
            for name, points in series.items():
                if points:
                    axis.plot(*zip(*points, strict=True), marker=".", label=name)
            axis.set_title(title, fontsize=9)
            axis.legend(frameon=False, fontsize=8)
            axis.set_xlabel("step")
            axis.grid(alpha=0.3)
        with replacing(self._folder / "curves.png") as part:
            figure.savefig(part, format="png", dpi=110)
        plt.close(figure)


def _finite(metrics: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in metrics.items()
    }


def _wandb(folder: Path, project: str) -> Any:
    """A run of W&B; an interrupted run is resumed as the same run."""
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
