"""`raif verify --audit`: how often each kind's check is wrong, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from raif.dialect import Dialect

if TYPE_CHECKING:
    from raif.verdicts.audit.rates import Finding


def show_audit(kind: str | None, dialect: Dialect | None) -> None:
    """Print precision and recall, and what is wrong for a single kind or dialect.

    Exits with 1 if a verdict of the default dialect, or of the one that was chosen, is wrong.
    """
    from rich.table import Table
    from rich.text import Text

    from raif.verdicts.audit.cases import cases
    from raif.verdicts.audit.page import percent
    from raif.verdicts.audit.rates import DIALECTS, audit, rates
    from raif_cli.console import err, out

    dialects = (dialect,) if dialect else DIALECTS
    rows = audit(cases(kind), dialects)
    table = Table(box=None)
    table.add_column("kind", min_width=max(len(row.kind) for row in rows))
    table.add_column("language")
    table.add_column("responses", justify="right")
    for each in dialects:
        for heading in (f"{each}: precision", "recall"):
            table.add_column(heading, justify="right")
    wrong: list[Finding] = []
    for row in rows:
        shown = []
        for each in dialects:
            one = rates(row.findings[each])
            shown += [percent(one.precision), percent(one.recall)]
            wrong += [finding for finding in row.findings[each] if not finding.right]
        count = len(row.findings[dialects[0]])
        table.add_row(*map(Text, (row.kind, row.language, str(count), *shown)))
    table.add_section()
    for each in dialects:
        one = rates(finding for row in rows for finding in row.findings[each])
        err.print(
            f"{each}: {one.wrong} of {one.cases} wrong, precision {percent(one.precision)}, "
            f"recall {percent(one.recall)}",
            highlight=False,
        )
    out.print(table)
    if kind or dialect:
        for finding in wrong:
            out.print(Text(_said(finding)), soft_wrap=True)
    judged = dialect or "raif"
    raise typer.Exit(1 if any(finding.dialect == judged for finding in wrong) else 0)


def _said(finding: Finding) -> str:
    case = finding.case
    label = "should pass" if case.passes else "should fail"
    verdict = {True: "passes", False: "fails", None: "can't be judged"}[finding.passed]
    about = f"{finding.dialect}: {case.response!r} {case.kwargs or ''}"
    return f"{about} {label}, {verdict}: {finding.reason}"
