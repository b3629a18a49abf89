"""What `raif verify` prints for people: the tally, warnings, the kinds, the layouts and the self-test."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING

import typer
from rich.table import Table
from rich.text import Text

from raif_cli.console import err, out

if TYPE_CHECKING:
    from raif.constraints import Kind
    from raif.verdicts.answers import Answers
    from raif.verdicts.tally import Count, Tally


def summary(tally: Tally) -> None:
    """The rates by kind, for instructions and for prompts, and what several answers a prompt add up to."""
    table = Table("kind", box=None)
    for heading in ("n", "strict", "loose", "unjudged"):
        table.add_column(heading, justify="right")
    for name in sorted(tally.kinds):
        table.add_row(*_row(name, tally.kinds[name]))
    table.add_section()
    table.add_row(*_row("instructions", tally.instructions))
    table.add_row(*_row("prompts", tally.prompts))
    if tally.relevant.n:
        table.add_row(*_row("relevant", tally.relevant))
        table.add_row(*_row("prompts and relevant", tally.followed_relevant))
    for name in sorted(tally.samples, key=lambda each: (len(each), each)):
        mean = tally.samples[name]
        table.add_row(*map(Text, (name, str(mean.n), f"{mean.value:.1%}", "", "")))
    err.print(table)
    if tally.errors:
        lines = "1 invalid line: see its" if tally.errors == 1 else f"{tally.errors} invalid lines: see their"
        err.print(f"{lines} `error`", highlight=False)


def _row(name: str, count: Count) -> list[Text]:
    rates = [count.rate(count.strict), count.rate(count.loose)]
    shown = ["-" if rate is None else f"{rate:.1%}" for rate in rates]
    return [Text(cell) for cell in (name, str(count.n), *shown, str(count.unjudged))]


def warnings(tally: Tally, answers: Answers | None) -> list[str]:
    """What surely needs a look. `answers` are those in a file of their own."""
    found = []
    if tally.unchecked:
        rows = "1 row has" if tally.unchecked == 1 else f"{tally.unchecked} rows have"
        found.append(f"Warning: {rows} no check, so nothing was verified there; --strict makes that an error")
    if tally.thinking:
        have = "1 response has" if tally.thinking == 1 else f"{tally.thinking} responses have"
        found.append(
            f"Warning: {have} tags of thinking, such as <think>, and the thinking was checked, too; "
            "--think auto splits it off"
        )
    if answers and (unused := [n for n in range(len(answers)) if n not in tally.used]):
        first = answers[unused[0]].where
        found.append(
            f"Warning: {len(unused)} of {len(answers)} answers were joined to no row, such as {first}"
        )
    if answers is not None and (wrong := answers.errors):
        lines = "1 line" if len(wrong) == 1 else f"{len(wrong)} lines"
        found.append(f"Warning: {lines} of the answers can't be used, as {wrong[0].message}")
    return found


def kinds() -> None:
    """Each kind with its examples, and what it means in dialects of their own."""
    from raif.constraints import find, registered

    out.print(
        "(raif), (zh): in records of the dialect raif, the latter in Chinese. (reference): of that dialect."
    )
    out.print("(authors): in `raif eval --dialect authors`.\n")
    for id, semantics in registered():
        out.print(Text(_described(find(id, semantics), semantics)), soft_wrap=True)


def _described(kind: Kind, semantics: str) -> str:
    name = f"{kind.id} ({semantics})" if semantics else kind.id
    meaning = (inspect.getdoc(kind.check) or "").partition("\n")[0]
    examples = [
        f"  {'passes' if e.passes else 'fails '}  {e.response!r}  {json.dumps(e.kwargs, ensure_ascii=False)}"
        for e in kind.examples
    ]
    return "\n".join([name, f"  {meaning}", *examples, ""])


def layouts() -> None:
    """Each layout with the columns that tell it, and a row."""
    from raif.records import LAYOUTS

    for name in LAYOUTS:
        layout = LAYOUTS[name]
        columns = ", ".join(layout.columns)
        row = json.dumps(layout.sample, ensure_ascii=False)
        out.print(Text(f"{name}: {layout.about}\n  told by {columns}\n  {row}\n"), soft_wrap=True)
    out.print(
        Text(
            "Responses in a file of their own can also be the output of a batch, of OpenAI's or of vLLM's "
            "run-batch, joined by custom_id."
        ),
        soft_wrap=True,
    )


def selftest() -> None:
    """Run the self-test and print it. The exit code says whether all examples got their verdicts."""
    from raif.verdicts.selftest import selftest as run

    proofs = run()
    table = Table("kind", "variant", box=None)
    table.add_column("examples", justify="right")
    table.add_column()
    for proof in proofs:
        result = f"{proof.unjudged} could not be judged" if proof.unjudged else "as claimed"
        result = "WRONG: " + "; ".join(proof.wrong) if proof.wrong else result
        table.add_row(*map(Text, (proof.id, proof.semantics, str(proof.examples), result)))
    out.print(table)
    wrong = sum(bool(proof.wrong) for proof in proofs)
    err.print(f"{len(proofs)} kinds and variants, {wrong} wrong", highlight=False)
    raise typer.Exit(1 if wrong else 0)
