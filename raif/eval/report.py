"""What an evaluation found, of one benchmark or of several: compared with the paper, saved, and read back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from raif.config.eval import AnyDialect, EvalConfig
from raif.errors import ConfigError
from raif.eval.measured import Measured
from raif.eval.rates import Table
from raif.files import jsonl
from raif.files.whole import write_whole
from raif.stats import Interval
from raif.types import Message, Relevance, Verification

REPORT, RESULTS = "report.json", "verdicts.jsonl"
INTERVALS = (
    "Percent, with 95% intervals: Wilson's for shares of prompts, otherwise from a bootstrap over prompts, "
    "which is too narrow with fewer than about 30."
)
"""What reports say of their numbers."""
BEYOND = ("ifbench", "ifbench-multiturn", "multi-if", "rubrics")
"""Benchmarks that are no part of the paper's average."""


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a method that makes several: the turn that was asked last, and what came back."""

    prompt: str
    thinking: str
    answer: str


@dataclass(frozen=True, slots=True)
class Result:
    """One item: what was asked, what came back, how it scored. One line of verdicts.jsonl.

    `empty`: no answer was left after the thinking was split off. `replies`: the judge's, by request.
    `parts` and `labels`: as in `raif.eval.benchmark.ScoredItem`. `error`: why there is no answer, or no
    judgment of it, in the server's words. `raw`: the response as it came, if thinking and answer don't have
    all of it. `name`: what people call the item, if its id says nothing.
    """

    id: str
    messages: tuple[Message, ...]
    thinking: str
    answer: str
    truncated: bool
    empty: bool
    verification: Verification
    parts: Mapping[str, float | None]
    labels: Mapping[str, str]
    replies: Mapping[str, str]
    relevance: Relevance | None = None
    error: str | None = None
    raw: str = ""
    calls: tuple[Step, ...] = ()
    name: str = ""

    @property
    def called(self) -> str:
        return self.name or self.id


@dataclass(frozen=True, slots=True)
class PaperRow:
    """What the paper prints for one model and method, and our figure minus it. All in percent.

    The difference's interval is that of our figure: how uncertain the paper's is, is not known.
    """

    model: str
    method: str
    printed: float
    difference: Interval | None


@dataclass(frozen=True, slots=True)
class PaperFigure:
    """A figure that the paper prints: ours as a share of 1, and the paper's rows."""

    name: str
    ours: Interval | None
    rows: tuple[PaperRow, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The rates of one benchmark, with the counts of what could make them misleading.

    `failed`: how many items have no answer, by the reason; `failed_count`: they count as failures of the
    model, otherwise they are left out. `judge_failed`: how many answers the judge gave no reply about, by the
    reason. `outlasting`: how many judgments are earlier ones, because the judge's newer reply can't be read.
    `unsplit`: how many answers hold tags of thinking, although the whole response was scored. `unused`: how
    many stored answers and judgments no item gets, by the reason.
    """

    benchmark: str
    model: str
    method: str
    judge: str | None
    dialect: AnyDialect
    items: int
    answered: int
    truncated: int
    empty: int
    undecided: int
    tables: tuple[Table, ...]
    paper: tuple[PaperFigure, ...]
    measured: Measured
    failed: Mapping[str, int] = field(default_factory=dict)
    failed_count: bool = False
    judge_failed: Mapping[str, int] = field(default_factory=dict)
    outlasting: int = 0
    unsplit: int = 0
    unused: Mapping[str, int] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether all items count."""
        return self.failed_count or self.answered == self.items

    @property
    def title(self) -> str:
        """Benchmark and model, and how many items the rates are over if not over all."""
        left_out = "" if self.whole else f" ({self.answered} of {self.items} items)"
        return f"{self.benchmark}: {self.model}{left_out}"

    @property
    def headline(self) -> float | None:
        """The first figure that the paper prints; None if nothing was judged."""
        first = self.paper[0].ours
        return first.value if first else None


class OfBenchmark(Protocol):
    @property
    def benchmark(self) -> str: ...


R = TypeVar("R", bound=OfBenchmark)


@dataclass(frozen=True, slots=True)
class Suite:
    """Several benchmarks with one model and one judge.

    `average`: the mean of the paper's numbers, with the paper's own mean of the same ones. Its interval takes
    the benchmarks as independent.
    """

    model: str
    reports: tuple[Report, ...]
    average: PaperFigure

    @property
    def headline(self) -> float | None:
        return self.average.ours.value if self.average.ours else None


def compared(
    benchmark: str, config: EvalConfig, ours: Mapping[str, Interval | None]
) -> tuple[PaperFigure, ...]:
    """Our figures with the paper's rows of the model that is compared with, if it has any."""
    # The paper shortens DeepSeek-R1-Distill-Qwen-7B to DeepSeek-Qwen7B.
    wanted = (config.paper_model or config.model or "").lower().replace("r1-distill-qwen-", "qwen")
    figures = []
    for name, found in ours.items():
        printed = _printed().get(benchmark, {}).get(name, {})
        model = next((model for model in printed if model.lower() in wanted), "")
        rows = [_row(model, method, number, found) for method, number in printed.get(model, {}).items()]
        figures.append(PaperFigure(name, found, tuple(rows)))
    return tuple(figures)


def of(figure: PaperFigure, ours: Interval | None) -> PaperFigure:
    """The same figure with another value of ours."""
    rows = tuple(_row(row.model, row.method, row.printed, ours) for row in figure.rows)
    return PaperFigure(figure.name, ours, rows)


def _row(model: str, method: str, printed: float, ours: Interval | None) -> PaperRow:
    if ours is None:
        return PaperRow(model, method, printed, None)
    apart = (round(100 * bound - printed, 2) for bound in (ours.value, ours.low, ours.high))
    return PaperRow(model, method, printed, Interval(*apart))


@cache
def _printed() -> Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]]:
    """The paper's numbers by benchmark, figure, model and method."""
    return yaml.safe_load(Path(__file__).with_name("paper.yaml").read_text("utf-8"))


def suite(reports: Sequence[Report]) -> Suite:
    """All reports and their average."""
    average = average_of([report.paper[0] for report in averaged(reports)])
    return Suite(reports[0].model, tuple(reports), average)


def average_of(heads: Sequence[PaperFigure]) -> PaperFigure:
    """The mean of several benchmarks' headlines, with the paper's for each method that it has everywhere."""
    ours = mean([head.ours for head in heads])
    printed = [{(row.model, row.method): row.printed for row in head.rows} for head in heads]
    rows = [
        _row(*key, round(sum(each[key] for each in printed) / len(printed), 2), ours)
        for key in printed[0]
        if all(key in each for each in printed)
    ]
    return PaperFigure(f"average of {len(heads)}", ours, tuple(rows))


def averaged(reports: Sequence[R]) -> Sequence[R]:
    """Those of the paper's seven benchmarks; all, if none of them was run."""
    return [report for report in reports if report.benchmark not in BEYOND] or reports


def mean(parts: Sequence[Interval | None]) -> Interval | None:
    """Their mean, its interval as of independent figures; None if one of them is."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or not known:
        return None
    value = sum(part.value for part in known) / len(known)
    below = math.hypot(*(part.value - part.low for part in known)) / len(known)
    above = math.hypot(*(part.high - part.value for part in known)) / len(known)
    return Interval(value, value - below, value + above)


def write(folder: Path, found: Report | Suite) -> None:
    """Save report.json and report.md."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / REPORT, as_json(found) + "\n")
    write_whole(folder / "report.md", markdown(found))


def read(folder: Path) -> Report | Suite:
    """The report that a finished run saved. Raises ConfigError if it has none that can be read."""
    _exists(folder, REPORT)
    found: Report | Suite = read_as(Report | Suite, folder / REPORT)
    return found


def read_as(kind: Any, path: Path) -> Any:
    """A file that holds a report. Raises ConfigError if this version can't read it."""
    if not path.is_file():
        raise ConfigError(f"{path}: no such file", "The run has not ended. Go on with --resume.")
    try:
        return TypeAdapter(kind).validate_json(path.read_bytes())
    except ValidationError as error:
        raise _of_another_version(error, str(path)) from None


def read_results(folder: Path) -> list[Result]:
    """All items of a finished run. Raises ConfigError if their file is missing or of another version,
    RecordError if it is broken."""
    _exists(folder, RESULTS)
    adapter, found = TypeAdapter(Result), []
    for where, line in jsonl.objects(folder / RESULTS):
        try:
            found.append(adapter.validate_python(line))
        except ValidationError as error:
            raise _of_another_version(error, where) from None
    return found


def _exists(folder: Path, name: str) -> None:
    if not (folder / name).is_file():
        raise ConfigError(f"{folder}: no {name}", "Give the folder of a finished run of raif eval.")


def _of_another_version(error: ValidationError, where: str) -> ConfigError:
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return ConfigError(
            f"{where}: damaged: {first['msg']}",
            "Write it again with `raif eval ... --resume`: nothing is asked twice.",
        )
    place = ".".join(map(str, first["loc"]))
    return ConfigError(
        f"{where}: not of this version: {place}: {first['msg']}",
        "Write it again with `raif eval ... --resume`: nothing is asked twice.",
    )


def as_json(found: Any) -> str:
    return json.dumps(asdict(found), ensure_ascii=False, indent=2)


def markdown(found: Report | Suite) -> str:
    if isinstance(found, Suite):
        heads = ["benchmark", "figure", "here", "items", "answered", "cut off", "empty", "undecided"]
        rows = [
            [one.benchmark, one.paper[0].name, shown(one.paper[0].ours), *map(str, counted(one))]
            for one in found.reports
        ]
        rows.append(["", found.average.name, shown(found.average.ours), *[""] * 5])
        note = f"The numbers that the paper prints. {INTERVALS}\n"
        figures = [found.average, *(report.paper[0] for report in found.reports)]
        return "\n".join([f"# {found.model}\n", note, lines(heads, rows), *_paper_table(figures)])
    title = f"# {found.title}\n"
    note = f"{how(found)}\n\n{counts(found)}\n\n{INTERVALS}\n"
    parts = [title, note, *map(_table, found.tables), *_paper_table(found.paper)]
    return "\n".join([*parts, lines(["what was measured", ""], found.measured.facts())])


def how(report: Report) -> str:
    """How the answers were made and who scored them, in one sentence."""
    judge = f", judged by {report.judge}" if report.judge else ""
    return f"Method {report.method}{judge}, scored in the dialect {report.dialect}."


def counted(report: Report) -> tuple[str | int, ...]:
    return report.measured.subset, report.answered, report.truncated, report.empty, report.undecided


def counts(report: Report) -> str:
    """How much of the benchmark the rates are based on, and why not on more."""
    said = [
        f"Items: {report.measured.subset}. {report.answered} of {report.items} answered; {report.truncated} "
        f"answers cut off by the token limit, {report.empty} empty, {report.undecided} checks undecided."
    ]
    if report.failed:
        what = "counted as failed" if report.failed_count else "left out"
        said.append(f"Without an answer, and {what}: {listed(report.failed)}.")
    if report.judge_failed:
        said.append(f"No judgment of: {listed(report.judge_failed)}.")
    if report.outlasting:
        said.append(f"{report.outlasting} earlier judgments were kept: the newer replies can't be read.")
    said += [f"{who} as its server wants: {how}." for who, how in report.measured.otherwise.items()]
    if report.unsplit:
        said.append(f"{report.unsplit} answers hold tags of thinking and were scored with it.")
    if report.unused:
        said.append(f"Not used: {listed(report.unused)}.")
    return " ".join(said)


def listed(numbers: Mapping[str, int]) -> str:
    """Counts by reason, in one line."""
    return "; ".join(f"{number} x {reason}" for reason, number in numbers.items())


def shown(interval: Interval | None, *, percent: bool = True) -> str:
    """A value with its interval, shares in percent."""
    if interval is None:
        return "-"
    scale = 100 if percent else 1
    return f"{scale * interval.value:.2f} [{scale * interval.low:.1f}, {scale * interval.high:.1f}]"


def _table(table: Table) -> str:
    heads = [table.name, "prompts", "checks", *table.columns]
    rows = [
        [row.name, str(row.prompts), str(row.checks), *(shown(v, percent=table.percent) for v in row.values)]
        for row in table.rows
    ]
    return lines(heads, rows)


PAPER_HEADS = ("figure of the paper", "the paper's model, method", "printed", "difference")


def paper_rows(figures: Sequence[PaperFigure]) -> list[tuple[PaperFigure, list[str]]]:
    """A figure and the cells of PAPER_HEADS for each row that the paper prints."""
    return [
        (
            figure,
            [
                figure.name,
                f"{row.model}, {row.method}",
                f"{row.printed:.2f}",
                _apart(row.difference),
            ],
        )
        for figure in figures
        for row in figure.rows
    ]


def _apart(difference: Interval | None) -> str:
    if difference is None:
        return "-"
    return f"{difference.value:+.2f} [{difference.low:+.1f}, {difference.high:+.1f}]"


def _paper_table(figures: Sequence[PaperFigure]) -> list[str]:
    """A table with the paper's rows, if it has any of the model."""
    first, *others = PAPER_HEADS
    rows = [[name, shown(figure.ours), *cells] for figure, (name, *cells) in paper_rows(figures)]
    return [lines([first, "here", *others], rows)] if rows else []


def lines(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, its first column aligned left."""
    body = ["| " + " | ".join(map(_escaped, cells)) + " |" for cells in (heads, *rows)]
    return "\n".join([body[0], "|---" + "|---:" * (len(heads) - 1) + "|", *body[1:]]) + "\n"


def _escaped(cell: str) -> str:
    return " ".join(cell.split("\n")).replace("|", "\\|")
