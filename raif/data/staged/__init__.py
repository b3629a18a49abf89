"""The staged pipeline of `raif gen-data`. Importing this registers the stages."""

from raif.data.staged import check, decontaminate, evolve, pack, respond, select  # noqa: F401 (importing them registers)
from raif.data.staged.run import run
from raif.data.staged.stage import STAGES, Numbered, Outcome, Stage

__all__ = ["STAGES", "Numbered", "Outcome", "Stage", "run"]
