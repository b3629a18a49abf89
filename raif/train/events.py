"""What a run tells whoever watches it. The command line draws it; a library user may ignore it."""

from __future__ import annotations

from raif.train.doctor import Finding
from raif.train.trainer import Step


class Events:
    """Does nothing; subclass and override what is of interest."""

    def phase(self, name: str) -> None:
        """A new part of the run begins."""

    def progress(self, done: int, total: int) -> None:
        """Within a phase."""

    def step(self, step: Step, total: int) -> None:
        """A training step is done."""

    def finding(self, finding: Finding) -> None:
        """Something ruins the run; named once."""
