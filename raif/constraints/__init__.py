"""The constraints that code checks: IFEval's 25 kinds, one file a family. Importing this registers them."""

from raif.constraints import (  # noqa: F401 (importing them registers)
    case,
    combination,
    content,
    format,
    keywords,
    language,
    length,
    punctuation,
    startend,
)
from raif.constraints.kind import KINDS, Kind, Material, Outcome, find, registered
from raif.constraints.satisfiable import contradiction

__all__ = ["KINDS", "Kind", "Material", "Outcome", "contradiction", "find", "registered"]
