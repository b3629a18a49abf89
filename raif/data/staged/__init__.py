"""The staged pipeline of `raif gen-data`. Importing this registers the stages."""

from raif.data.staged import check, decontaminate, evolve, pack, respond, select  # noqa: F401 (they register)
from raif.data.staged.run import run
from raif.data.staged.stage import STAGES, Decision, Numbered, Stage

__all__ = ["STAGES", "Decision", "Numbered", "Stage", "run"]
