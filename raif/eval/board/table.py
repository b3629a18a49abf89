"""Models × benchmarks: which runs can stand in one column, and which are of one model.

A column has runs that were scored alike, on the same items. A benchmark of which there are others has several
columns. A row is a model, asked in one way. A model that was asked in several ways has several rows, named
after what differs.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raif.errors import ConfigError, did_you_mean
from raif.eval.board import ranks
from raif.eval.board.ranks import Differences, Pair
from raif.eval.compare import told
from raif.eval.finished import Run
from raif.eval.report import Report, averaged, mean
from raif.stats import Interval

SCORED = ("items", "dialect", "judge", "judge prompts", "checker", "data")
"""What the runs of a column have in common, itself or by its section, the most telling first."""
ASKED = ("method", "think", "think_tags", "samples", "sampling", "system", "wrap")
"""What tells a model's rows apart, the most telling first; then come all other settings."""
VERSIONS = ("raif", "commit", "judge card")
"""What may differ within a column, and is only named."""
REPLACED = ("limit", "seed", "on_error")
"""What `items` says, or the number of items without an answer."""
STORED = "stored answers"
"""The file of answers, with its checksum."""
SHORT = 32
"""Letters of a setting's value that names show."""

Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """One model's headline on one benchmark. `ranks`: the best and the worst that it may have in its column.
    `partly`: how many items it is over, if not over all."""

    value: Interval | None
    run: Run | None = None
    deviation: float | None = None
    ranks: tuple[int, int] | None = None
    partly: str = ""

    @property
    def first(self) -> bool:
        """Whether no other model is better for sure."""
        return self.ranks is not None and self.ranks[0] == 1


@dataclass(frozen=True, slots=True)
class Column:
    """`figure`: the benchmark's headline; the average has no `benchmark`. `cells`: by row. `pairs`: every two
    rows compared."""

    name: str
    benchmark: str
    figure: str
    cells: Mapping[int, Cell]
    pairs: Sequence[Pair]


@dataclass(frozen=True, slots=True)
class Row:
    """`differs`: the settings that tell it from the model's other rows."""

    name: str
    model: str
    differs: str


@dataclass(frozen=True, slots=True)
class Board:
    """`columns`: their average comes last, if there is one. `settings`: by row and column, those that differ
    between runs of one benchmark. `notes`: what readers should know. `order`: of the rows, the best first."""

    rows: Sequence[Row]
    columns: Sequence[Column]
    settings: Mapping[tuple[int, int], Mapping[str, str]]
    notes: Sequence[str]
    order: Sequence[int]


def settings(run: Run) -> dict[str, Any]:
    """What could explain a difference to another run, by name."""
    measured = run.report.measured
    found = {key: value for key, value in told(run.report).items() if key not in REPLACED}
    found |= {"items": measured.subset, "model": run.report.model, "checkpoint": measured.checkpoint}
    if run.seeds:
        found |= {"sampling_seed": None, "samples": len(run.reports)}
    return {**found, STORED: measured.stored.get(STORED)}


def where(runs: Iterable[Run], wanted: Mapping[str, str]) -> list[Run]:
    """The runs whose settings have these values. Raises ConfigError if no run has such a setting."""
    chosen = list(runs)
    for key, value in wanted.items():
        known = sorted({name for run in chosen for name in settings(run)})
        if key not in known:
            raise ConfigError(f"no run has the setting {key!r}", did_you_mean(key, known))
        left = [run for run in chosen if _said(settings(run).get(key)) == value]
        if not left:
            there = sorted({_said(settings(run).get(key)) for run in chosen})
            raise ConfigError(f"no run has {key}={value}", f"There are {', '.join(there)}.")
        chosen = left
    return chosen


def board(runs: Sequence[Run], by: str | None = None, notes: Sequence[str] = ()) -> Board:
    """All runs as one table, sorted by a column: by default the average if there is one, else the first. Of
    runs that agree in everything, the latest counts. Raises ConfigError if there is no such column.
    """
    columns = _columns(runs)
    rows, places = _rows(columns)
    found, apart, said = list[Column](), list[Differences](), [*notes, *_versions(runs)]
    for name, members in columns.items():
        kept: dict[int, Run] = {}
        for run in sorted(members, key=lambda run: run.report.measured.date):
            if earlier := kept.get(place := places[run.folders]):
                said.append(f"{earlier.folders[0]} is left out: {run.folders[0]} is the same, and later.")
            kept[place] = run
        differences, why = ranks.differences(kept)
        if why and len(kept) > 1:
            said.append(f"{name}: ranks take the models as if they had answered different items, since {why}")
        apart.append(differences)
        found.append(_column(name, kept, differences))
    found += _average(found, apart)
    return Board(rows, found, _differing(found), said, _order(found, by, len(rows)))


def _order(columns: Sequence[Column], by: str | None, rows: int) -> list[int]:
    """By one column, then by the others, since not every row is in every one."""
    names = [column.name for column in columns]
    if by is not None and by not in names:
        raise ConfigError(f"no column {by!r}", did_you_mean(by, names))
    first = names.index(by) if by else 0 if columns[-1].benchmark else len(names) - 1
    sorted_by = [columns[first], *columns]

    def key(row: int) -> list[float]:
        values = [column.cells[row].value if row in column.cells else None for column in sorted_by]
        return [-1.0 if value is None else value.value for value in values]

    return sorted(range(rows), key=key, reverse=True)


def _columns(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs by column. Of a benchmark's columns, the one with most runs comes first."""
    found: dict[str, list[Run]] = {}
    for benchmark in sorted({run.report.benchmark for run in runs}):
        members = [run for run in runs if run.report.benchmark == benchmark]
        names = _names([settings(run) for run in members], lambda key: _under(key, SCORED) is not None)
        for name, _ in Counter(names).most_common():
            column = f"{benchmark} ({name})" if name else benchmark
            found[column] = [run for run, own in zip(members, names, strict=True) if own == name]
    return found


def _rows(columns: Mapping[str, Sequence[Run]]) -> tuple[list[Row], dict[tuple[Path, ...], int]]:
    """The rows, and which one each run is in, by its folders. A setting tells rows apart if it differs in a
    column: benchmarks may well have settings of their own."""
    rows, places = list[Row](), dict[tuple[Path, ...], int]()
    models = sorted({run.report.model for members in columns.values() for run in members})
    for model in models:
        own = [[run for run in members if run.report.model == model] for members in columns.values()]
        differing = {key for members in own for key in _varying([settings(run) for run in members])}
        runs = [run for members in own for run in members]
        names = _names([settings(run) for run in runs], differing.__contains__)
        for name in sorted(set(names)):
            places |= {run.folders: len(rows) for run, of in zip(runs, names, strict=True) if of == name}
            rows.append(Row(f"{model} ({name})" if name else model, model, name))
    return rows, places


def _varying(found: Sequence[Settings]) -> set[str]:
    """The settings that differ, of those that tell rows apart. Files of answers count if nothing else does:
    each benchmark has its own, which would put each into a row of its own."""
    keys = {key for each in found for key in each if key not in VERSIONS and _under(key, SCORED) is None}
    varying = {key for key in keys if len({_said(each.get(key)) for each in found}) > 1}
    without = sorted(varying - {STORED})
    groups = {tuple(_said(each.get(key)) for key in without) for each in found}
    exact = {tuple(_said(each.get(key)) for key in (*without, STORED)) for each in found}
    return varying if len(exact) > len(groups) else {*without}


def _names(found: Sequence[Settings], counts: Callable[[str], bool]) -> list[str]:
    """Names that are the same for those that agree in all settings that count: what tells them apart, in as
    few settings as do. Empty if all agree."""
    keys = sorted({key for each in found for key in each if counts(key)}, key=_importance)

    def groups(keys: Sequence[str]) -> list[tuple[str, ...]]:
        return [tuple(_said(each.get(key)) for key in keys) for each in found]

    telling: list[str] = []
    for key in keys:
        if len(set(groups([*telling, key]))) > len(set(groups(telling))):
            telling.append(key)
    names = {
        group: ", ".join(_named(key, value) for key, value in zip(telling, group, strict=True))
        for group in sorted(set(groups(telling)))
    }
    alike = Counter(names.values())
    numbered = {
        group: name if alike[name] == 1 else f"{name}, {number}"
        for number, (group, name) in enumerate(names.items(), 1)
    }
    return [numbered[group] for group in groups(telling)]


def _importance(key: str) -> tuple[int, str]:
    return (*SCORED, *ASKED, "").index(_under(key, (*SCORED, *ASKED)) or ""), key


def _under(key: str, sections: Sequence[str]) -> str | None:
    """Which of the sections a key is, or is in."""
    return next((each for each in sections if key == each or key.startswith(f"{each}.")), None)


def _named(key: str, value: str) -> str:
    short = value if len(value) <= SHORT else f"{value[: SHORT - 1]}…"
    return short if key == "items" else f"{short} samples" if key == "samples" else f"{key} {short}"


def _said(value: Any) -> str:
    """A setting's value as text."""
    return (
        value
        if isinstance(value, str)
        else "none"
        if value is None
        else json.dumps(value, ensure_ascii=False)
    )


def _column(name: str, runs: Mapping[int, Run], differences: Differences) -> Column:
    found = ranks.pairs(differences)
    first = next(iter(runs.values())).report
    values = {place: run.value for place, run in runs.items()}
    placed = ranks.ranks(found, [place for place, value in values.items() if value])
    cells = {
        place: Cell(values[place], run, run.deviation, placed.get(place), _partly(run.reports))
        for place, run in sorted(runs.items())
    }
    return Column(name, first.benchmark, first.paper[0].name, cells, found)


def _partly(reports: Sequence[Report]) -> str:
    if all(report.whole for report in reports):
        return ""
    return f"{sum(one.answered for one in reports)} of {sum(one.items for one in reports)} items"


def _average(columns: Sequence[Column], apart: Sequence[Differences]) -> list[Column]:
    """Of the paper's benchmarks, if any are there, each once, for the rows that have all of them."""
    firsts = {column.benchmark: n for n, column in reversed([*enumerate(columns)])}
    chosen = averaged([columns[n] for n in sorted(firsts.values())])
    if len(chosen) < 2:
        return []
    values = {
        row: mean([column.cells[row].value for column in chosen])
        for row in sorted(set.intersection(*(set(column.cells) for column in chosen)))
    }
    values = {row: value for row, value in values.items() if value}
    if not values:
        return []
    found = ranks.pairs(ranks.averaged([apart[firsts[column.benchmark]] for column in chosen]))
    placed = ranks.ranks(found, list(values))
    cells = {row: Cell(value, ranks=placed[row]) for row, value in values.items()}
    return [
        Column(f"average of {len(chosen)}", "", ", ".join(column.name for column in chosen), cells, found)
    ]


def _differing(columns: Sequence[Column]) -> dict[tuple[int, int], dict[str, str]]:
    """The settings of each cell that differ between runs of a benchmark."""
    runs = {
        (row, n): cell.run for n, one in enumerate(columns) for row, cell in one.cells.items() if cell.run
    }
    by_benchmark: dict[str, list[Settings]] = {}
    for run in runs.values():
        by_benchmark.setdefault(run.report.benchmark, []).append(settings(run))
    keys = {
        key
        for found in by_benchmark.values()
        for key in {key for each in found for key in each} - {*VERSIONS, "model"}
        if len({_said(each.get(key)) for each in found}) > 1
    }
    return {
        place: {key: _said(settings(run).get(key)) for key in sorted(keys, key=_importance)}
        for place, run in runs.items()
    }


def _versions(runs: Sequence[Run]) -> list[str]:
    """What differs without telling columns or rows apart."""
    notes = []
    for key in VERSIONS:
        counts = Counter(_said(settings(run).get(key)) for run in runs if settings(run).get(key) is not None)
        if len(counts) > 1:
            listed = ", ".join(
                f"{_named(key, value)} ({number} runs)" for value, number in counts.most_common()
            )
            notes.append(f"Not all runs have the same {key}: {listed}.")
    return notes
