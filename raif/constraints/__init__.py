"""The constraints that code checks: IFEval's and XML, a file for each family. Importing registers them."""

from raif.constraints import (  # noqa: F401 (importing them registers)
    case,
    combination,
    content,
    format,
    keywords,
    language,
    length,
    punctuation,
    reference,
    startend,
    xml,
)
from raif.constraints.kind import KINDS, Kind, Material, Outcome, find
from raif.constraints.satisfiable import contradiction

__all__ = ["KINDS", "Kind", "Material", "Outcome", "contradiction", "find"]
