"""What a run measured, and with what: enough to tell its figures from others, and to measure them again."""

from __future__ import annotations

import hashlib
import json
import statistics
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, reduce
from pathlib import Path
from typing import Any, Protocol, Self

import raif
from raif.client.card import card
from raif.client.used import Used
from raif.config.eval import EvalConfig
from raif.config.models import PricesConfig
from raif.errors import ConfigError
from raif.eval import fetch
from raif.eval.benchmark import Benchmark
from raif.files.whole import sha256
from raif.prompts import load
from raif.types import Message, digest

AUTHORS = "yuleiqin/RAIF 11a78b7"
"""The program of the method's authors, with its revision."""
ELSEWHERE = (
    *("benchmark", "model", "responses", "judgments", "data", "seed", "paper_model", "max_errors"),
    *("endpoint", "judge.endpoint", "judge.cache", "options.thinker_endpoint"),
)
"""Keys of the config that the report says elsewhere, or that no score depends on. Addresses and the names of
keys stay out of reports, which are passed on."""
_END = 1 << 20
"""Bytes at the end of a file of weights that tell it from others."""


class Asked(Protocol):
    @property
    def messages(self) -> tuple[Message, ...]: ...


@dataclass(frozen=True, slots=True)
class Data:
    """The benchmark's data. `sha256`: of the file, or of the list of its files with their checksums.

    `revision`: the public one with exactly these files; None: none that is known.
    """

    path: str
    files: int
    sha256: str
    revision: str | None

    @classmethod
    def of(cls, name: str, benchmark: Benchmark[Any], path: Path) -> Self:
        files = benchmark.files(path)
        sums = [sha256(file) for file in files]
        listed = "".join(f"{one}  {file.name}\n" for one, file in zip(sums, files, strict=True))
        whole = sums[0] if len(sums) == 1 else hashlib.sha256(listed.encode()).hexdigest()
        return cls(str(path), len(files), whole, _revision(name, sums))


@dataclass(frozen=True, slots=True)
class Lengths:
    """Characters of texts that aren't empty: how many texts, their median, the 90th percentile, the most."""

    texts: int
    median: int
    ninth_decile: int
    most: int

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self | None:
        """None if all are empty."""
        found = sorted(len(text) for text in texts if text)
        if not found:
            return None
        return cls(len(found), round(statistics.median(found)), found[(9 * len(found) - 1) // 10], found[-1])

    def __str__(self) -> str:
        return (
            f"{self.texts:,} of {self.median:,} characters (median; 90% have at most {self.ninth_decile:,}, "
            f"the longest {self.most:,})"
        )


@dataclass(frozen=True, slots=True)
class Usage:
    """What replies took. Tokens are None if a server didn't count them all, money if prices are unknown.

    `seconds`: of one reply: the median, and the 90th percentile. `changed`: how many requests their server
    wanted otherwise than configured, and how.
    """

    replies: int
    read: int | None
    written: int | None
    seconds: tuple[float, float]
    cost: float | None
    changed: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, used: Iterable[Used | None], prices: PricesConfig | None) -> Self | None:
        """None if nothing is known, as of stored answers."""
        known = [one for one in used if one is not None]
        if not known:
            return None
        whole = reduce(Used.plus, known)
        each = sorted(one.seconds / one.replies for one in known)
        seconds = (round(statistics.median(each), 3), round(each[(9 * len(each) - 1) // 10], 3))
        cost = None
        if prices and whole.read is not None and whole.written is not None:
            cost = round((whole.read * prices.read + whole.written * prices.written) / 1e6, 6)
        return cls(whole.replies, whole.read, whole.written, seconds, cost, whole.changed)

    def __str__(self) -> str:
        tokens = "tokens not counted by the server"
        if self.read is not None and self.written is not None:
            tokens = f"{self.read:,} tokens in, {self.written:,} out"
        cost = "" if self.cost is None else f", cost {self.cost:.4f}"
        time = "{:.2f} s each (median; 90% within {:.2f} s)".format(*self.seconds)
        return f"{self.replies:,} replies, {tokens}, {time}{cost}"

    @property
    def otherwise(self) -> str:
        """How often requests were made otherwise than configured; empty if none was."""
        return "; ".join(f"{number:,} x {how}" for how, number in self.changed.items())


@dataclass(frozen=True, slots=True)
class Measured:
    """What a report's figures rest on.

    `date`: when the last answer or judgment came. `commit`: of this package, if it runs from a repository; a
    plus means that files were changed. `checker`: the program whose scoring is followed, with its revision.
    `size`: of the whole benchmark, from which `seed` draws the items. `settings`: the config's keys that
    answers and scores depend on. `stored`: files of answers or judgments that were scored. `prompts`:
    identifies all that the model was asked. `checkpoint`: identifies the weights in a folder. `card`: what
    the model's server says of it.
    """

    date: str
    raif: str
    commit: str | None
    checker: str
    data: Data
    size: int
    items: int
    seed: int
    settings: Mapping[str, Any]
    stored: Mapping[str, str]
    prompts: str
    judge_prompts: str | None
    checkpoint: str | None
    card: Mapping[str, Any] | None
    judge_card: Mapping[str, Any] | None
    usage: Usage | None
    judge_usage: Usage | None
    answers: Lengths | None
    thinking: Lengths | None

    @property
    def otherwise(self) -> dict[str, str]:
        """How model and judge were asked otherwise than configured, because their servers want it."""
        both = {"model asked": self.usage, "judge asked": self.judge_usage}
        return {name: usage.otherwise for name, usage in both.items() if usage and usage.otherwise}

    @property
    def subset(self) -> str:
        """Which part of the benchmark it is."""
        if self.items == self.size:
            return f"all {self.size:,}"
        return f"{self.items:,} of {self.size:,}, seed {self.seed}"

    def facts(self) -> list[tuple[str, str]]:
        """All of it as names and texts, for people."""
        data = self.data
        revision = f"revision {data.revision}" if data.revision else "not the data of a known revision"
        version = f"{self.raif}, commit {self.commit}" if self.commit else self.raif
        rows: list[tuple[str, object]] = [
            ("date", self.date),
            ("items", self.subset),
            ("data", f"{data.path}: {revision}, sha256 {data.sha256}"),
            ("checker", self.checker),
            ("raif", version),
            *self.stored.items(),
            ("prompts", self.prompts),
            ("judge's prompts", self.judge_prompts),
            ("checkpoint", self.checkpoint),
            ("server's model card", self.card),
            ("judge server's model card", self.judge_card),
            ("model", self.usage),
            ("judge", self.judge_usage),
            *self.otherwise.items(),
            ("answers", self.answers),
            ("thinking", self.thinking),
            *self.settings.items(),
        ]
        return [(name, _text(value)) for name, value in rows if value is not None]


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | tuple | dict) else str(value)


def settings(config: EvalConfig) -> dict[str, Any]:
    """The keys that this run's answers and scores depend on, flat, such as `sampling.temperature`."""
    from raif.files.runs import leaves, under

    unused = [*ELSEWHERE]
    if config.responses:
        unused += ["sampling", "context", "local", "method", "options", "system", "wrap"]
    if config.endpoint.base_url:
        unused.append("local")
    if config.method == "io":
        unused.append("options")
    tree = leaves(config.model_dump(mode="json"))
    return {key: value for key, value in tree.items() if not under(key, unused)}


def stored(config: EvalConfig) -> dict[str, str]:
    """The stored files that are scored, with their checksums."""
    given = {"stored answers": config.responses, "stored judgments": config.judgments}
    return {name: f"{path.name}, sha256 {sha256(path)}" for name, path in given.items() if path}


def checker(benchmark: Benchmark[Any], config: EvalConfig) -> str:
    """Whose scoring the config's dialect follows, with its revision."""
    if benchmark.program is None:
        return "raif"
    if config.dialect == "sound":
        return f"raif, after {benchmark.program}"
    return AUTHORS if config.dialect == "authors" and benchmark.copied else benchmark.program


def prompts_of(asked: Sequence[Asked]) -> str:
    """Identifies all messages that are asked."""
    whole = "".join(digest(each.messages) for each in asked)
    return f"{len(asked):,} prompts, sha256 {hashlib.sha256(whole.encode()).hexdigest()[:16]}"


def judge_prompts(benchmark: Benchmark[Any], config: EvalConfig) -> str | None:
    """Identifies the templates that the judge is asked with; None without a judge."""
    if not benchmark.prompts or not config.judge:
        return None
    return load("eval", benchmark.prompts, config.judge.prompts).digest


def checkpoint(model: str | None) -> str | None:
    """Identifies the weights in a folder by the names, sizes and ends of their files; None: not a folder."""
    folder = Path(model or "")
    if model is None or not folder.is_dir():
        return None
    found = hashlib.sha256()
    for file in sorted((*folder.glob("*.safetensors"), *folder.glob("*.bin"), folder / "config.json")):
        if file.is_file():
            size = file.stat().st_size
            found.update(f"{file.name} {size}\n".encode())
            with file.open("rb") as stream:
                stream.seek(max(0, size - _END))
                found.update(stream.read())
    return f"sha256 {found.hexdigest()[:16]} of its files' names, sizes and ends"


def cards(
    config: EvalConfig, folder: Path, date: str
) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    """What the servers of model and judge say of them. If nothing has come since the report in `folder`, it
    is what they said then: another server may be at their address now."""
    if (folder / "report.json").exists():
        with suppress(ValueError, LookupError, TypeError):
            before = json.loads((folder / "report.json").read_text("utf-8"))["measured"]
            if before["date"] == date:
                return before["card"], before["judge_card"]
    judge = config.judge
    return (
        card(config.endpoint, str(config.model)) if config.endpoint.base_url else None,
        card(judge.endpoint, judge.model) if judge else None,
    )


def last_change(files: Iterable[Path]) -> str:
    """When the last of the files that exist was written to."""
    latest = max(file.stat().st_mtime for file in files if file.exists())
    return datetime.fromtimestamp(latest, UTC).isoformat(timespec="seconds")


@cache
def commit(folder: Path = Path(raif.__file__).parent) -> str | None:
    """The commit of the repository that the package in `folder` runs from, with a plus if files were changed.

    Found once: what this process runs doesn't change with the files.
    """

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "__init__.py")  # or else the repository is around another project
        changed = git("status", "--porcelain", "--untracked-files=no", ".")
        return git("rev-parse", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _revision(name: str, sums: Sequence[str]) -> str | None:
    """The public revision whose files have these checksums."""
    try:
        source = fetch.source(name)
    except ConfigError:
        return None
    if len(sums) == 1 and sums[0] in source.others:
        return source.others[sums[0]]
    known = [file.sha256 for file in source.files]
    return source.base.rpartition("/")[2] if None not in known and set(known) == set(sums) else None
