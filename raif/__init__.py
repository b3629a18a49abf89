"""raif: make language models follow complex instructions by reasoning (the RAIF recipe, arXiv 2506.01413).

The names below are loaded when they are first used: `raif --help` needs none of them.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if sys.platform == "win32" or not (3, 11) <= sys.version_info[:2] <= (3, 13):
    # Windows has no signals of processor time and no resource limits, Python 3.14 doesn't fork by default.
    raise ImportError(
        "raif runs on Linux and macOS with Python 3.11, 3.12 or 3.13; this is "
        f"Python {sys.version_info[0]}.{sys.version_info[1]} on {sys.platform}."
    )

__version__ = "0.1.0"

_HOMES = {
    "verify": "raif.verdicts.api",
    "Constraint": "raif.types",
    "Instruction": "raif.types",
    "Message": "raif.types",
    "Verdict": "raif.types",
    "Verification": "raif.types",
    "RaifError": "raif.errors",
}

if TYPE_CHECKING:
    from raif.errors import RaifError as RaifError
    from raif.types import Constraint as Constraint
    from raif.types import Instruction as Instruction
    from raif.types import Message as Message
    from raif.types import Verdict as Verdict
    from raif.types import Verification as Verification
    from raif.verdicts.api import verify as verify
else:

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'raif' has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
