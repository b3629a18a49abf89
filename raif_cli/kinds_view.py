"""The kinds of constraints as `raif verify --list` prints them."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from raif.constraints import Kind


def print_kinds() -> None:
    """Each kind, and what it means in semantics of its own, with examples."""
    from rich.text import Text

    from raif.constraints import find, registered
    from raif_cli.console import out

    out.print("(zh): in Chinese records of the dialect raif. (reference): in records of that dialect.")
    out.print("(authors): in `raif eval --dialect authors`.\n")
    for id, semantics in registered():
        out.print(Text(_described(find(id, semantics), semantics)), soft_wrap=True)


def _described(kind: Kind, semantics: str) -> str:
    name = f"{kind.id} ({semantics})" if semantics else kind.id
    said = (inspect.getdoc(kind.check) or "").partition("\n")[0]
    shown = [
        f"  {'passes' if e.passes else 'fails '}  {e.response!r}  {json.dumps(e.kwargs, ensure_ascii=False)}"
        for e in kind.examples
    ]
    return "\n".join([name, f"  {said}", *shown, ""])
