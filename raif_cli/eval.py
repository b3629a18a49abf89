"""`raif eval`: parse, call the library, render its report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from raif_cli import eval_options as option
from raif_cli.default_command import DefaultCommandGroup
from raif_cli.exits import Exit
from raif_cli.options import ConfigFile, DryRun, Overrides, Overwrite, Preset, Resume, overrides
from raif_cli.output import resumable

if TYPE_CHECKING:
    from raif.config.eval import EvalConfig
    from raif.eval.answers import Responder
    from raif.eval.report import Report, Suite
    from raif.eval.run import Plan

FILES = "config.yaml, responses.jsonl, verdicts.jsonl, report.json, report.md, report.html"


app = typer.Typer(cls=DefaultCommandGroup, help="Score a model, a server or stored answers on benchmarks.")


@app.command(
    "run", epilog="Also: raif eval compare A B, raif eval board FOLDER..., raif eval fetch BENCHMARK."
)
def run(
    names: option.Names,
    model: option.Model = None,
    base_url: option.BaseUrl = None,
    concurrency: option.Concurrency = None,
    responses: option.Responses = None,
    data: option.Data = None,
    out: option.Out = None,
    think: option.Think = None,
    think_tags: option.ThinkTags = None,
    limit: option.Limit = None,
    sampling: option.Sampling = None,
    relevance: option.Relevance = None,
    dialect: option.Dialect = None,
    paper_model: option.PaperModel = None,
    preset: Preset = None,
    config: ConfigFile = None,
    set_: Overrides = None,
    dry_run: DryRun = False,
    resume: Resume = False,
    overwrite: Overwrite = False,
    as_json: option.Json = False,
    fail_under: option.FailUnder = None,
    judge_url: option.JudgeUrl = None,
    judge_model: option.JudgeModel = None,
    judge_concurrency: option.JudgeConcurrency = None,
    judge_prompts: option.JudgePrompts = None,
    judgments: option.Judgments = None,
    rejudge: option.Rejudge = False,
    on_error: option.OnError = None,
    max_errors: option.MaxErrors = None,
    method: option.Method = None,
    thinker: option.Thinker = None,
    thinker_url: option.ThinkerUrl = None,
    seeds: option.Seeds = None,
) -> None:
    """Score a model, a server or stored answers on benchmarks. Each has its own preset as default."""
    given = {
        "model": model,
        "endpoint.base_url": base_url,
        "endpoint.concurrency": concurrency,
        "responses": responses,
        "data": data,
        "think": think,
        "limit": limit,
        "sampling.base": sampling,
        "relevance": relevance,
        "dialect": dialect,
        "paper_model": paper_model,
        "judge.endpoint.base_url": judge_url,
        "judge.model": judge_model,
        "judge.endpoint.concurrency": judge_concurrency,
        "judge.prompts": judge_prompts,
        "judgments": judgments,
        "on_error": on_error,
        "max_errors": max_errors,
        "method": method,
        "options.thinker": thinker,
        "options.thinker_endpoint.base_url": thinker_url,
    }
    chosen = _chosen(names, single=bool(preset or config or responses or judgments or data))
    if responses and sampling:
        raise typer.BadParameter("stored answers are drawn already", param_hint="--sampling")
    if think_tags:
        set_ = [*(set_ or []), f"think_tags={json.dumps(think_tags)}"]
    configs = _configs(chosen, preset, config, given, set_)
    folder = out or _default_folder(configs)
    runs = _runs(configs, folder, seeds)
    if dry_run:
        _print_plans(configs, runs, resume=resume, rejudge=rejudge)
        return
    reports = _evaluate_all(runs, resume=resume, overwrite=overwrite, rejudge=rejudge)
    headline = _print_seeds(runs, reports, folder, as_json) if seeds else _print(reports, folder, as_json)
    _warn(reports)
    if fail_under is not None and (why := _below(reports, headline, fail_under)):
        typer.echo(f"--fail-under: {why}", err=True)
        raise typer.Exit(Exit.BELOW_THRESHOLD)


def _chosen(names: Sequence[str], *, single: bool) -> list[str]:
    """The benchmarks that are named, each once. `single`: options are given that belong to one."""
    from raif.eval.benchmark import BENCHMARKS

    chosen = [name for name in BENCHMARKS if name != "rubrics"] if "all" in names else [*dict.fromkeys(names)]
    if single and len(chosen) > 1:
        raise typer.BadParameter(
            "--preset, --config, --responses, --judgments and --data need a single benchmark"
        )
    return chosen


def _below(reports: Sequence[Report], headline: float | None, rate: float) -> str:
    """Why the reports don't reach a rate; empty if they do."""
    if partial := [f"{one.benchmark} {one.answered} of {one.items}" for one in reports if not one.whole]:
        numbers = ", ".join(partial)
        return f"not all items are answered ({numbers}); --on-error fail counts the others as failed"
    if headline is None:
        return "nothing was judged"
    return f"{headline:.4f} is below {rate:g}" if headline < rate else ""


Folder = Annotated[Path, typer.Argument(help="The folder of a finished run.", show_default=False)]


@app.command()
def compare(a: Folder, b: Folder, data: option.Data = None, as_json: option.Json = False) -> None:
    """Compare two runs of one benchmark: paired tests, and the items that changed."""
    from raif.eval import compare as comparing
    from raif.eval.report import as_json as in_json

    found = comparing.compare(a, b, data)
    typer.echo(in_json(found) if as_json else comparing.markdown(found))


Folders = Annotated[
    list[Path], typer.Argument(help="Folders of finished runs, or any above them.", show_default=False)
]
Board = Annotated[
    Path, typer.Option("--out", "-o", help="The folder for the board; one that is there is replaced.")
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="KEY=VALUE",
        help="Only runs with this setting, e.g. dialect=sound. Can be repeated.",
    ),
]
Sort = Annotated[
    str | None,
    typer.Option(help="Sort by this column. Default: the average, or the first column.", metavar="COLUMN"),
]


@app.command()
def board(folders: Folders, out: Board = Path("runs/board"), where: Where = None, sort: Sort = None) -> None:
    """Put all runs found into one table and one page: models × benchmarks, with ranks."""
    from raif.eval.board import write
    from raif.eval.board.text import to_markdown

    pairs = [each.partition("=") for each in where or ()]
    if wrong := next((key for key, equals, _ in pairs if not equals), None):
        raise typer.BadParameter(f"{wrong!r} is not KEY=VALUE", param_hint="--where")
    found = write.write(folders, out, {key: value for key, _, value in pairs}, sort)
    typer.echo(to_markdown(found))
    typer.echo(f"{out}: board.html, board.csv, board.md, board.tex, models/", err=True)


Benchmark = Annotated[str, typer.Argument(help="The benchmark, or all.", show_default=False)]
To = Annotated[
    Path | None,
    typer.Option("--to", help="The folder of all benchmarks. Default: RAIF_BENCHMARK_DATA, else data."),
]
Url = Annotated[str | None, typer.Option("--url", help="Download from this mirror instead.")]


@app.command()
def fetch(benchmark: Benchmark, to: To = None, url: Url = None) -> None:
    """Download a benchmark's public data, or that of all, at a pinned revision, and check it."""
    import os

    from raif.eval import fetch as fetching
    from raif.files.benchmark_data import FOLDER

    folder = to or Path(os.environ.get(FOLDER) or "data")
    get = fetching.fetch_all if benchmark == "all" else partial(fetching.fetch, benchmark)
    for path in get(folder, url, lambda line: typer.echo(line, err=True)):
        typer.echo(path)


def _configs(
    names: Sequence[str],
    preset: str | None,
    file: Path | None,
    given: Mapping[str, object],
    set_: list[str] | None,
) -> list[EvalConfig]:
    """A config for each benchmark, by default from the preset of its name."""
    from raif.config.base import resolve, validate
    from raif.config.eval import OLD_DIALECT, EvalConfig

    found, dialects = [], set()
    for name in names:
        changed = [*overrides({"benchmark": name, **given}), *(set_ or ())]
        tree, sources, source = resolve(
            "eval", preset=preset if preset or file else name, file=file, overrides=changed
        )
        dialects.add(tree.get("dialect"))
        found.append(validate(EvalConfig, tree, sources, default_source=source))
    if OLD_DIALECT in dialects:
        typer.echo("Warning: the dialect raif is called authors now. Use --dialect authors.", err=True)
    return found


def _default_folder(configs: Sequence[EvalConfig]) -> Path:
    """Named after the source; a model by the last two parts of its path or name, such as RUN/model."""
    first = configs[0]
    source = [first.responses.stem] if first.responses else str(first.model).strip("/").split("/")
    name = first.benchmark if len(configs) == 1 else "suite"
    return Path("runs") / "-".join(["eval", name, *source[-2:]])


def _print_plans(
    configs: Sequence[EvalConfig], runs: Sequence[tuple[Path, EvalConfig]], *, resume: bool, rejudge: bool
) -> None:
    """Each benchmark's config, and what all its runs take: of those that are resumed, what is missing."""
    from raif.config import dump
    from raif.eval.estimate import NOTE, Kept, estimate, summed, together
    from raif.eval.report import listed
    from raif.eval.run import not_used_of, plan

    parts = []
    for config in configs:
        typer.echo(dump(config), nl=False)
        found = plan(config)
        typer.echo(f"{len(found.items)} items of {found.data}; nothing was asked.", err=True)
        if not_used := not_used_of(found, config):
            typer.echo(f"  not used: {listed(not_used)}", err=True)
        own = [(folder, each) for folder, each in runs if each.benchmark == config.benchmark]
        if resume or rejudge:
            kept = [Kept(each, folder, rejudge=rejudge) for folder, each in own]
            taken = summed(estimate(config, found, kept=each) for each in kept)
        else:
            taken = estimate(config, found, times=len(own))
        for part in taken:
            typer.echo(f"  {part}", err=True)
        parts += taken
    for line in filter(None, (together(parts), NOTE if parts else "")):
        typer.echo(line, err=True)


def _runs(configs: Sequence[EvalConfig], folder: Path, seeds: int | None) -> list[tuple[Path, EvalConfig]]:
    """Each config with a folder: its benchmark's, if there are several, in that of each seed, if there are
    any. Raises ConfigError if several seeds make no sense."""
    from raif.eval.seeds import check

    if seeds is None:
        samples: list[tuple[Path, dict[str, int]]] = [(folder, {})]
    else:
        samples = [(folder / f"seed-{n}", {"seed": n}) for n in range(seeds)]
        for config in configs:
            check(config, seeds)
    return [
        (
            place if len(configs) == 1 else place / config.benchmark,
            config.model_copy(update={"sampling": config.sampling.model_copy(update=changed)}),
        )
        for place, changed in samples
        for config in configs
    ]


def _evaluate_all(
    runs: Sequence[tuple[Path, EvalConfig]], *, resume: bool, overwrite: bool, rejudge: bool
) -> list[Report]:
    """All are planned before the first is run, so that what is missing for the last is reported at once."""
    from raif.config.resume import EVAL_FREE
    from raif.eval import trials
    from raif.eval.responders import Shared, responder
    from raif.eval.run import asks_of, plan
    from raif.files.runs import CONFIG_NAME, open_run, said_of

    reports = []
    # several that were killed have not started the later ones
    begun = len(runs) > 1 and any((own / CONFIG_NAME).exists() for own, _ in runs)
    again: bool | Literal["auto"] = resume or rejudge
    if again and begun:
        again = "auto"
    with Shared() as shared:
        planned = [(own, config, plan(config), responder(config, shared)) for own, config in runs]
        for own, config, chosen, source in planned:
            open_run(
                own,
                config,
                resume=again,
                overwrite=overwrite,
                free=[key for key in EVAL_FREE if key != "think" or key not in source.settings],
                changed=lambda changes: typer.echo(said_of(changes), err=True),
            )
            if trials.needed(config, asks_of(chosen, config), source, own):
                trials.probe_judge(config, chosen)
        with resumable():
            for own, config, chosen, source in planned:
                reports.append(_evaluate(config, chosen, source, own, rejudge=rejudge))
                typer.echo(f"{own}: {FILES}", err=True)
    return reports


def _evaluate(config: EvalConfig, chosen: Plan, source: Responder, folder: Path, *, rejudge: bool) -> Report:
    from raif.eval.run import evaluate
    from raif_cli.progress import Watched

    with Watched() as watched:
        answers, judged = (watched.work(f"{config.benchmark}: {what}") for what in ("answers", "judged"))
        return evaluate(config, chosen, source, folder, answers, judged, rejudge=rejudge)


def _print_seeds(
    runs: Sequence[tuple[Path, EvalConfig]], reports: Sequence[Report], folder: Path, as_json: bool
) -> float | None:
    """Print what the samples add up to. Returns the mean of the headline."""
    from raif.eval import finished, seeds

    folders: dict[str, list[Path]] = {}
    for own, config in runs:
        folders.setdefault(config.benchmark, []).append(own)
    found = seeds.report([seeds.summed(each, folder) for each in folders.values()])
    if len(folders) > 1:
        for start in range(0, len(reports), len(folders)):
            _save_suite(reports[start : start + len(folders)], runs[start][0].parent)
    seeds.write(folder, found)
    finished.write_page(folder)
    typer.echo(f"{folder}: seeds.json, seeds.md, report.html", err=True)
    typer.echo(seeds.as_json(found) if as_json else seeds.markdown(found))
    return found.headline


def _save_suite(reports: Sequence[Report], folder: Path) -> Suite:
    from raif.eval import finished
    from raif.eval import report as saved

    found = saved.suite(reports)
    saved.write(folder, found)
    finished.write_page(folder)
    typer.echo(f"{folder}: report.json, report.md, report.html", err=True)
    return found


def _print(reports: Sequence[Report], folder: Path, as_json: bool) -> float | None:
    """Print the report of one benchmark or of several. Returns its headline."""
    from raif.eval import report as saved
    from raif_cli.eval_view import print_report

    found: Report | Suite = reports[0] if len(reports) == 1 else _save_suite(reports, folder)
    typer.echo(saved.as_json(found)) if as_json else print_report(found)
    return found.headline


def _warn(reports: Sequence[Report]) -> None:
    """Of thinking that was scored with the answers, and of what was stored for no item."""
    from raif.eval.report import listed

    for each in reports:
        if each.unused:
            typer.echo(f"Warning: {each.benchmark}: not used: {listed(each.unused)}", err=True)
        if each.unsplit:
            typer.echo(
                f"Warning: {each.benchmark}: {each.unsplit} of {each.answered} answers hold tags of thinking "
                "and were scored with it. Score them without it: --think auto --resume.",
                err=True,
            )
