"""Whether constraints can be met together: a table of kinds, and rules on their kwargs.

The table (each kind's `conflicts`) is wider than strict contradiction: it also keeps apart what would leave a
reader in doubt of what is asked, such as two notions of a paragraph. A rule looks at the kwargs and names
a contradiction proper. Nothing here proves that an answer exists; for that, an answer is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from raif.constraints.kind import KINDS, find
from raif.constraints.rules import RULES, Bound
from raif.types import Constraint


def conflicting(one: str, other: str) -> bool:
    """Whether two kinds should not be asked together, in either order; each kind conflicts with itself."""
    return one == other or other in KINDS[one].conflicts or one in KINDS[other].conflicts


def contradiction(constraints: Sequence[Constraint], semantics: str = "ifeval") -> str | None:
    """Why these can't be met together, or None where no reason is known; ConstraintError for bad kwargs.

    `semantics` says what the kinds mean, as `Instruction.semantics` does. One kind may come twice as long as
    its values don't clash: IFEval itself has such prompts.
    """
    kinds = [find(item.id, semantics) for item in constraints]
    bound = [Bound(kind, kind.bind(item.kwargs)) for kind, item in zip(kinds, constraints, strict=True)]
    return next((reason for rule in (_table, *RULES) if (reason := rule(bound))), None)


def _table(items: Sequence[Bound]) -> str | None:
    pairs = combinations(sorted({kind.id for kind, _ in items}), 2)
    return next((f"{one} conflicts with {other}" for one, other in pairs if conflicting(one, other)), None)
