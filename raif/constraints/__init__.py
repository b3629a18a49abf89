"""The constraints that code checks: IFEval's 25 kinds, XML, raif's 4 for chains, IFBench's 58, IFTrain's 54.

Importing registers all but the last two. They, and what kinds mean in other semantics, load when looked up.
"""

from raif.constraints import (  # noqa: F401 (importing them registers)
    case,
    chain,
    combination,
    content,
    format,
    keywords,
    language,
    length,
    punctuation,
    startend,
    xml,
)
from raif.constraints.kind import KINDS, Kind, Material, Outcome, find, registered

__all__ = ["KINDS", "Kind", "Material", "Outcome", "find", "registered"]
