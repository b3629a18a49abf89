"""`raif verify --selftest`: draw the proofs; the exit code says whether all hold."""

from __future__ import annotations

import typer
from rich.table import Table
from rich.text import Text

from raif.verdicts.selftest import Proof, selftest
from raif_cli.console import err, out


def show_selftest() -> None:
    proofs = selftest()
    table = Table(box=None)
    for heading, justify in (("kind", "left"), ("variant", "left"), ("examples", "right"), ("", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for proof in proofs:
        table.add_row(*map(Text, (proof.id, proof.semantics, str(proof.examples), _said(proof))))
    out.print(table)
    wrong = sum(bool(proof.wrong) for proof in proofs)
    err.print(f"{len(proofs)} kinds and variants, {wrong} wrong", highlight=False)
    raise typer.Exit(1 if wrong else 0)


def _said(proof: Proof) -> str:
    if proof.wrong:
        return "WRONG: " + "; ".join(proof.wrong)
    return f"{proof.unjudged} could not be judged" if proof.unjudged else "as claimed"
