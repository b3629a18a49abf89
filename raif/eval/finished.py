"""Finished runs, as their folders hold them: read, and shown on a page again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from raif.eval import page, seeds
from raif.eval.report import Report, Suite, read, read_results
from raif.eval.seeds import SEEDS, Seeds


@dataclass(frozen=True, slots=True)
class Run:
    """One benchmark with one model. `folders` and `reports`: one, or one for each sample of the answers;
    `seeds`: what several samples add up to."""

    folders: tuple[Path, ...]
    reports: tuple[Report, ...]
    seeds: Seeds | None = None

    def section(self, name: str = "", links: tuple[str, ...] = ()) -> page.Section:
        """What a page shows of it. `name`: by default its benchmark's."""
        results = [read_results(folder) for folder in self.folders]
        return page.Section(name or self.reports[0].benchmark, self.reports, results, self.seeds, links)


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
