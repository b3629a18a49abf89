"""`raif verify`: parse, call the library, draw the tally, the kinds or the self-test."""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from raif.dialect import Dialect
from raif.reasoning import Style
from raif_cli import judging

if TYPE_CHECKING:
    from rich.text import Text

    from raif.constraints import Kind
    from raif.judge.judge import Judge
    from raif.verdicts.stream import Count, Tally


File = Annotated[Path, typer.Argument(metavar="[FILE|-]", help="JSONL of records, each with its `response`.")]
Responses = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="JSONL of responses in a file of their own, joined by `key`, `id` or `prompt`.",
    ),
]
Think = Annotated[Style, typer.Option(help="How reasoning is marked in the responses.")]
Semantics = Annotated[
    Dialect | None,
    typer.Option("--dialect", help="Whose meaning of the kinds to use, instead of each record's own."),
]
FailUnder = Annotated[
    float | None, typer.Option(min=0, max=1, help="Exit 1 if the strict prompt-level rate is lower.")
]
ListKinds = Annotated[bool, typer.Option("--list", help="Print all kinds, in all dialects, with examples.")]
Selftest = Annotated[bool, typer.Option("--selftest", help="Check every kind on its examples.")]
Jobs = Annotated[
    int, typer.Option("--jobs", "-j", min=1, help="Number of processes; the output keeps the input's order.")
]
Relevance = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help="Also say whether each response answers its prompt: by this model on this machine, such as "
        "packaged:smollm2-135m, which compares it with the file's other prompts; or judge for one yes/no "
        "question each.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print no summary.")]


def verify(
    file: File = Path("-"),
    responses: Responses = None,
    think: Think = "none",
    dialect: Semantics = None,
    fail_under: FailUnder = None,
    jobs: Jobs = 1,
    list_kinds: ListKinds = False,
    selftest: Selftest = False,
    relevance: Relevance = None,
    quiet: Quiet = False,
    judge_url: judging.Url = None,
    judge_model: judging.Model = None,
    judge_cache: judging.Cache = None,
    judge_concurrency: judging.Concurrency = 16,
    judge_prompts: judging.Prompts = None,
    judge_audit: judging.AuditFile = None,
) -> None:
    """Check responses against their records' constraints. Prints each record with its verdicts.

    Reads raif's records, IFEval's and the paper's. A line that can't be used keeps its place, with an
    `error`, and the exit code is 3.
    """
    named = judging.judging(judge_url, judge_model, judge_cache, judge_concurrency, judge_prompts)
    if list_kinds:
        _print_kinds()
    elif selftest:
        _show_selftest()
    elif judge_audit:
        with named as judge:
            judging.run_audit(judge_audit, judge, quiet=quiet)
    else:
        with named as judge:
            tally = _check(file, responses, jobs, judge, relevance, think=think, dialect=dialect)
        if not quiet:
            _print_summary(tally)
        if tally.errors:
            raise typer.Exit(3)
        if fail_under is not None and (tally.prompts.rate(tally.prompts.strict) or 0) < fail_under:
            raise typer.Exit(1)


def _check(
    file: Path, responses: Path | None, jobs: int, judge: Judge | None, relevance: str | None, **how: Any
) -> Tally:
    """Write the records with their verdicts to stdout, and return what they add up to."""
    from raif.files import jsonl
    from raif.verdicts.stream import Tally, read_answers, verified

    if jobs > 1 and (judge or relevance):
        raise typer.BadParameter(
            "leave it out with a judge, which gets many requests at once anyway"
            if judge
            else "leave it out with --relevance, which compares all responses with each other",
            param_hint="--jobs",
        )
    measure = judging.measuring(relevance, judge)
    tally, source = Tally(), _source(file, own=judge is not None)
    how["answers"] = read_answers(responses) if responses else None
    if jobs == 1:
        jsonl.write(sys.stdout.buffer, verified(source, tally, judge=judge, measure=measure, **how))
        return tally
    from raif.verdicts.parallel import verified_lines

    for lines in verified_lines(source, tally, jobs=jobs, **how):
        sys.stdout.buffer.write(lines)
        sys.stdout.buffer.flush()
    return tally


def _source(file: Path, *, own: bool) -> Path | BinaryIO:
    if str(file) != "-":
        return file
    if sys.stdin.isatty():
        raise typer.BadParameter("give a FILE, or pipe records in", param_hint="FILE")
    return judging.own_stdin() if own else sys.stdin.buffer


def _print_summary(tally: Tally) -> None:
    from rich.table import Table

    from raif_cli.console import err

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
    err.print(table)
    if tally.errors:
        lines = "1 invalid line: see its" if tally.errors == 1 else f"{tally.errors} invalid lines: see their"
        err.print(f"{lines} `error`", highlight=False)


def _row(name: str, count: Count) -> list[Text]:
    from rich.text import Text

    rates = [count.rate(count.strict), count.rate(count.loose)]
    shown = ["-" if rate is None else f"{rate:.1%}" for rate in rates]
    return [Text(cell) for cell in (name, str(count.n), *shown, str(count.unjudged))]


def _print_kinds() -> None:
    """Each kind with its examples, and what it means in dialects of their own."""
    from rich.text import Text

    from raif.constraints import find, registered
    from raif_cli.console import out

    out.print("(zh): in Chinese records of the dialect raif. (reference): in records of that dialect.")
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


def _show_selftest() -> None:
    """Run the self-test and print it. The exit code says whether all examples got their verdicts."""
    from rich.table import Table
    from rich.text import Text

    from raif.verdicts.selftest import selftest
    from raif_cli.console import err, out

    proofs = selftest()
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
