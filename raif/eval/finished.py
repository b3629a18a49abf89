"""Finished runs, as their folders hold them: read, and shown on a page again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from raif.errors import ConfigError, RaifError, RecordError
from raif.eval import page, seeds
from raif.eval.report import RESULTS, Report, Suite, read, read_results
from raif.eval.run import ANSWERS
from raif.eval.seeds import SEEDS, Seeds
from raif.stats import Interval


@dataclass(frozen=True, slots=True)
class Run:
    """One benchmark with one model. `folders` and `reports`: one, or one for each sample of the answers;
    `seeds`: what several samples add up to."""

    folders: tuple[Path, ...]
    reports: tuple[Report, ...]
    seeds: Seeds | None = None

    @property
    def report(self) -> Report:
        """Of the first sample."""
        return self.reports[0]

    @property
    def value(self) -> Interval | None:
        """The headline; of several samples their mean."""
        return self.seeds.figures[0].mean if self.seeds else self.report.paper[0].ours

    @property
    def deviation(self) -> float | None:
        """Between samples."""
        return self.seeds.figures[0].deviation if self.seeds else None

    def section(self, name: str = "", links: tuple[str, ...] = ()) -> page.Section:
        """What a page shows of it. `name`: by default its benchmark's."""
        results = [read_results(folder) for folder in self.folders]
        return page.Section(name or self.report.benchmark, self.reports, results, self.seeds, links)


def runs_in(folder: Path) -> list[Run]:
    """Of one benchmark, of several, or of samples of either. Raises ConfigError if this version can't read
    them."""
    if (folder / SEEDS).exists():
        return [_sampled(folder, one) for one in seeds.read(folder).benchmarks]
    found = read(folder)
    if isinstance(found, Suite):
        return [Run((folder / report.benchmark,), (report,)) for report in found.reports]
    return [Run((folder,), (found,))]


def _sampled(folder: Path, found: Seeds) -> Run:
    folders = tuple(folder / own for own in found.folders)
    reports = [report for report in map(read, folders) if isinstance(report, Report)]
    return Run(folders, tuple(reports), found)


def write_page(folder: Path) -> None:
    """Make the page of a finished run from what its folder holds."""
    runs = runs_in(folder)
    sections = [
        run.section(links=tuple(f"{own}/{page.NAME}" for own in run.seeds.folders) if run.seeds else ())
        for run in runs
    ]
    average = seeds.read(folder).average if (folder / SEEDS).exists() else None
    page.write(folder / page.NAME, sections, deviation=average.deviation if average else None)


def find(folders: Sequence[Path]) -> tuple[list[Run], dict[Path, str]]:
    """All finished runs in these folders and below, each once; and why other runs can't be used, by folder.

    Raises ConfigError if a folder doesn't exist or there is no run at all.
    """
    found: dict[Path, list[Run]] = {}
    unusable = {}
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(f"{folder}: no such folder", "Give folders of raif eval, or any above them.")
        for place in _places(folder):
            try:
                runs = runs_in(place)
                for run in runs:
                    _check_results(run)
            except RaifError as error:
                unusable[place] = error.message
            else:
                found.setdefault(place.resolve(), runs)
    if not found:
        why = "".join(f"\n  {place}: {message}" for place, message in unusable.items())
        raise ConfigError(f"no finished run of raif eval in {', '.join(map(str, folders))}{why}")
    return [run for runs in found.values() for run in runs], unusable


def _check_results(run: Run) -> None:
    """Raises RaifError if the items of a run can't be read, or not all of them."""
    for folder, found in zip(run.folders, run.reports, strict=True):
        number = len(read_results(folder))
        least = found.answered - sum(found.judge_failed.values())  # a dialect may leave those out
        if number < least:
            raise RecordError(f"{folder / RESULTS}: damaged: it has {number} of {least} items")


def _places(folder: Path) -> Iterator[Path]:
    """Where there are runs of one benchmark, or samples, also unfinished ones."""
    for place, below, files in os.walk(folder):
        if not {SEEDS, RESULTS, ANSWERS}.isdisjoint(files):
            below.clear()
            yield Path(place)
        below.sort()
