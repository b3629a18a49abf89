"""`raif verify`: parse, call the library, say what it adds up to."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal

import typer

from raif.dialect import Dialect, DialectName, dialect_of
from raif.reasoning import Marks, Tags
from raif_cli import judging
from raif_cli.audit_view import show_audit
from raif_cli.exits import Exit
from raif_cli.options import number
from raif_cli.output import ended_cleanly

if TYPE_CHECKING:
    from raif.judge.judge import Judge
    from raif.verdicts.answers import Answers
    from raif.verdicts.stream import Rules
    from raif.verdicts.tally import Tally

Style = Literal["none", "auto", "tagged", "deepseek"]
ROWS = "Rows"

File = Annotated[
    str,
    typer.Argument(
        metavar="[FILE|-]",
        help="Rows with checks, each with its `response`, or several `responses`: JSON Lines, JSON, CSV, "
        "Parquet, .gz, .zst, a folder or glob of such.",
    ),
]
Responses = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|-",
        help="Responses in a file of their own, joined by `custom_id`, `key`, `id` or `prompt`.",
        rich_help_panel=ROWS,
    ),
]
Layout = Annotated[
    str | None,
    typer.Option("--layout", metavar="NAME", help="Read every row in this layout.", rich_help_panel=ROWS),
]
Language = Annotated[
    str | None,
    typer.Option("--language", help="The language of all rows: zh, en, Chinese.", rich_help_panel=ROWS),
]
Semantics = Annotated[
    DialectName | None,
    typer.Option(
        "--dialect",
        help="Whose meaning of the kinds to use, instead of each row's own.",
        rich_help_panel=ROWS,
    ),
]
Think = Annotated[
    Style, typer.Option(help="How thinking is marked in the responses. auto: by tags, if there are any.")
]
ThinkTags = Annotated[
    tuple[str, str] | None,
    typer.Option("--think-tags", metavar="OPEN CLOSE", help="Tags of your own around the thinking."),
]
FailUnder = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        callback=number,
        help=f"Exit {Exit.BELOW_THRESHOLD:d} if the strict prompt-level rate is lower.",
    ),
]
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
Strict = Annotated[bool, typer.Option("--strict", help="A row without any check is an error.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print no summary; warnings stay.")]
ListKinds = Annotated[bool, typer.Option("--list", help="Print all kinds, in all dialects, with examples.")]
ListLayouts = Annotated[bool, typer.Option("--layouts", help="Print all layouts of rows, with a row each.")]
Selftest = Annotated[bool, typer.Option("--selftest", help="Check every kind on its examples.")]
Audit = Annotated[
    bool, typer.Option("--audit", help="Show how often each kind's check is wrong on labelled responses.")
]
KindId = Annotated[
    str | None, typer.Option("--kind", help="With --audit: only this kind, and what is wrong.")
]


def verify(
    file: File = "-",
    responses: Responses = None,
    layout: Layout = None,
    language: Language = None,
    dialect: Semantics = None,
    think: Think = "none",
    think_tags: ThinkTags = None,
    fail_under: FailUnder = None,
    jobs: Jobs = 1,
    strict: Strict = False,
    quiet: Quiet = False,
    list_kinds: ListKinds = False,
    list_layouts: ListLayouts = False,
    selftest: Selftest = False,
    audit: Audit = False,
    kind: KindId = None,
    relevance: Relevance = None,
    judge_url: judging.Url = None,
    judge_model: judging.Model = None,
    judge_cache: judging.Cache = None,
    judge_concurrency: judging.Concurrency = 16,
    judge_prompts: judging.Prompts = None,
    judge_audit: judging.AuditFile = None,
) -> None:
    """Check responses against their rows' constraints. Prints each row with its verdicts.

    Reads rows of many tools, told by their columns; --layouts lists them. A row that can't be used keeps its
    place, with an `error`, and the exit code is 3.
    """
    if kind and not audit:
        raise typer.BadParameter("it needs --audit", param_hint="--kind")
    named = judging.judging(judge_url, judge_model, judge_cache, judge_concurrency, judge_prompts)
    if list_kinds or list_layouts or selftest:
        from raif_cli import verify_view

        wanted = verify_view.kinds if list_kinds else verify_view.layouts
        (verify_view.selftest if selftest else wanted)()
    elif audit:
        show_audit(kind, dialect_of(dialect))
    elif judge_audit:
        with named as judge:
            judging.run_audit(judge_audit, judge, quiet=quiet)
    else:
        rules = _rules(_marks(think, think_tags), dialect_of(dialect), language, layout, strict)
        with named as judge, ended_cleanly():
            tally, answers = _check(file, responses, jobs, judge, relevance, rules)
        _say(tally, answers, fail_under, quiet=quiet)


def _marks(think: Style, tags: tuple[str, str] | None) -> Marks:
    if tags is None:
        return think
    if think != "none":
        raise typer.BadParameter("--think and --think-tags exclude each other")
    if not all(tags):
        raise typer.BadParameter("give two tags that are not empty", param_hint="--think-tags")
    return Tags(*tags)


def _rules(
    think: Marks, dialect: Dialect | None, language: str | None, layout: str | None, strict: bool
) -> Rules:
    """The rules. Raises RaifError for an unknown layout or language, before anything is read."""
    from raif.records import LAYOUTS
    from raif.text import languages
    from raif.verdicts.stream import Rules

    if layout is not None:
        LAYOUTS[layout]
    try:
        code = language and languages.code_of(language)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--language") from None
    return Rules(think, dialect, code, layout, strict)


def _check(
    file: str, responses: str | None, jobs: int, judge: Judge | None, relevance: str | None, rules: Rules
) -> tuple[Tally, Answers | None]:
    """Write the rows with their verdicts to stdout. Returns what they add up to, and the answers in a file of
    their own.
    """
    from raif.files import jsonl
    from raif.files.rows import everywhere
    from raif.verdicts.answers import read_answers
    from raif.verdicts.stream import verified
    from raif.verdicts.tally import Tally

    if jobs > 1 and (judge or relevance):
        raise typer.BadParameter(
            "leave it out with a judge, which gets many requests at once anyway"
            if judge
            else "leave it out with --relevance, which compares all responses with each other",
            param_hint="--jobs",
        )
    measure = judging.measuring(relevance, judge)
    tally, source = Tally(), _source(file, own=judge is not None)
    how: dict[str, Any] = {"rules": rules}
    how["answers"] = answers = read_answers(_answers(responses, file)) if responses else None
    if jobs == 1:
        found = verified(everywhere(source), tally, judge=judge, measure=measure, **how)
        jsonl.write(sys.stdout.buffer, found)
        return tally, answers
    from raif.verdicts.parallel import verified_lines

    for lines in verified_lines(source, tally, jobs=jobs, **how):
        sys.stdout.buffer.write(lines)
        sys.stdout.buffer.flush()
    return tally, answers


def _answers(responses: str, file: str) -> Path | BinaryIO:
    if responses != "-":
        return Path(responses)
    if file == "-":
        raise typer.BadParameter("FILE is - already: one of them must be a file", param_hint="--responses")
    return sys.stdin.buffer


def _source(file: str, *, own: bool) -> Path | BinaryIO:
    if file != "-":
        return Path(file)
    if sys.stdin.isatty():
        raise typer.BadParameter("give a FILE, or pipe rows in", param_hint="FILE")
    return judging.own_stdin() if own else sys.stdin.buffer


def _say(tally: Tally, answers: Answers | None, fail_under: float | None, *, quiet: bool) -> None:
    """Print the summary, and the warnings that --quiet doesn't hide. Sets the exit code."""
    from raif_cli import verify_view
    from raif_cli.console import err

    if not quiet:
        verify_view.summary(tally)
    for warning in verify_view.warnings(tally, answers):
        err.print(warning, highlight=False, markup=False, soft_wrap=True)
    rate = tally.prompts.rate(tally.prompts.strict)
    missed = fail_under is not None and (rate is None or rate < fail_under)
    if missed:
        said = "--fail-under: nothing was judged"
        if rate is not None:
            said = f"the strict prompt-level rate is {rate:.4f}; --fail-under asks for {fail_under}"
        err.print(said, highlight=False, soft_wrap=True)
    if tally.errors or (answers is not None and answers.errors):
        raise typer.Exit(Exit.INVALID_ROWS)
    if missed:
        raise typer.Exit(Exit.BELOW_THRESHOLD)
