"""The constraints that code checks: IFEval's 25 kinds, XML and IFBench's 58. Importing registers them."""

from raif.constraints import (  # noqa: F401 (importing them registers)
    case,
    combination,
    content,
    format,
    ifbench,
    keywords,
    language,
    length,
    punctuation,
    reference,
    startend,
    xml,
)

# isort: split
from raif.constraints import chinese  # noqa: F401 (a variant comes after its kind)
from raif.constraints.kind import KINDS, Kind, Material, Outcome, find, registered
from raif.constraints.satisfiable import contradiction

__all__ = ["KINDS", "Kind", "Material", "Outcome", "contradiction", "find", "registered"]
