"""Where seeds and math problems come from: rows of files and data sets, and the request that a row holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from raif.config.staged import Columns, SeedSourceConfig, SourceConfig
from raif.data.builtin.seeds import all_seeds
from raif.data.staged.layouts import LAYOUTS, Row, UserRequest, nearest, tell
from raif.data.staged.layouts.mapped import mapped
from raif.errors import RecordError, did_you_mean
from raif.files import formats
from raif.files.rows import Found, files_of, of_hub, tried

_MATH = Columns(prompt="problem", reference="answer")
"""DeepScaleR's columns."""
_MAPPED = "as `columns` says"
"""The layout of rows whose columns the user names."""
_ENOUGH = 1000
"""Rows without a request after which there will be no other: a hub's stream may have millions."""

_Result = UserRequest | RecordError | None
_Reader = Callable[[Row], tuple[str, UserRequest | None]]
"""What a row is read as, and its request."""


class Read(NamedTuple):
    """What became of one row."""

    origin: str
    """The file or data set."""
    where: str
    """`file:line`."""
    layout: str
    """What it was read as."""
    found: _Result
    """Its request, what is wrong with its line, or None if it has no request."""


def requests(source: SeedSourceConfig) -> Iterator[Read]:
    """Every row of a source, up to its limit. Raises RecordError for a file in which no row has a request."""
    return _read(source, partial(_by_layout, source))


def problems(source: SourceConfig) -> Iterator[Read]:
    """Every row of a source of math: its problem, with its right answer as the reference.

    GSM8K has the answer behind its solution and ####.
    """
    columns = source.columns or _MATH

    def read(row: Row) -> tuple[str, UserRequest | None]:
        found = mapped(row, columns)
        answer = ((found and found.reference) or "").rpartition("####")[2].strip()
        return _MAPPED, found._replace(reference=answer) if found and answer else None

    return _read(source.model_copy(update={"columns": columns}), read)


def check_layout(source: SeedSourceConfig) -> None:
    """Raise ConfigError if its layout isn't known."""
    if source.layout != "auto":
        LAYOUTS[source.layout]


def _by_layout(source: SeedSourceConfig, row: Row) -> tuple[str, UserRequest | None]:
    if source.columns:
        return _MAPPED, mapped(row, source.columns)
    row = {name.lower(): value for name, value in row.items()}  # tables are often headed by hand
    name = tell(row) if source.layout == "auto" else source.layout
    if name is None or not row.keys() >= set(LAYOUTS[name].columns):
        return name or "unknown", None
    return name, LAYOUTS[name].request(row)


def _read(source: SourceConfig, reader: _Reader) -> Iterator[Read]:
    count = 0
    for origin, found in _parts(source):
        tally = _Tally(origin, source.columns)
        result: _Result
        for where, row in islice(found, source.limit and source.limit - count):
            layout, result = ("broken line", row) if isinstance(row, RecordError) else reader(row)
            count += 1
            tally.add(row, layout, result)
            yield Read(origin, where, layout, result)
        tally.check()
    if not count:
        raise RecordError(f"{name_of(source)}: there are no rows in it", "Leave it out of the sources.")


def _parts(source: SourceConfig) -> Iterator[tuple[str, Iterator[Found]]]:
    """Each file of a source, or the data set, with its rows."""
    if source.path:
        for path in files_of(source.path):
            if not (path.is_dir() or formats.known(path)):
                raise formats.unknown(path)
            yield path.name, tried(path, source.split)
    elif source.dataset:
        given = {"config": source.config, "revision": source.revision}
        yield source.dataset, of_hub(source.dataset, source.split, streaming=True, **given)
    else:
        yield "packaged", ((seed.id, seed.model_dump()) for seed in all_seeds())


def rows(source: SourceConfig) -> Iterator[Row | RecordError]:
    """The rows up to its limit, in whatever layout, or what is wrong with them."""
    return islice((row for _, found in _parts(source) for _, row in found), source.limit)


def name_of(source: SourceConfig) -> str:
    """What the log and the card call a source."""
    return " ".join(filter(None, (source.dataset, source.config))) or str(source.path or "packaged")


class _Tally:
    """What was read from one file. One without any request is an error that says what would be one."""

    def __init__(self, origin: str, columns: Columns | None) -> None:
        self._origin, self._mapping = origin, columns
        self._rows = self._read = 0
        self._columns: dict[str, int] = {}
        """The columns, with those nested in them, and how many characters of text each has."""
        self._layouts: Counter[str] = Counter()
        self._broken: RecordError | None = None

    def add(self, row: Row | RecordError, layout: str, found: _Result) -> None:
        self._rows += 1
        self._read += isinstance(found, UserRequest)
        if isinstance(row, RecordError):
            self._broken = self._broken or row
        elif self._rows <= _ENOUGH:
            for name, value in _flat(row):
                text = value if isinstance(value, str) else ""
                self._columns[name] = self._columns.get(name, 0) + len(text)
            self._layouts[layout] += 1
        if self._rows == _ENOUGH:
            self.check()

    def check(self) -> None:
        """Raises RecordError if there were rows and no request."""
        if self._read or not self._rows:
            return
        if self._broken and not self._columns:
            raise RecordError(f"{self._broken.message}, and so is every line", self._broken.hint)
        columns = ", ".join(self._columns)
        said = f"{self._origin}: no request in its rows ({self._rows} read). Their columns: {columns}"
        raise RecordError(said, self._advice())

    def _advice(self) -> str:
        names = list(self._columns)
        whole = {name.partition(".")[0] for name in names}
        if mapping := self._mapping:
            wanted = [name for name in (mapping.prompt or mapping.messages, mapping.reference) if name]
            missing = next((name for name in wanted if not self._has(name)), None)
            said = f"There is no column {missing!r}." if missing else f"{wanted} hold no text."
            return f"{said} {did_you_mean(missing, names) if missing else ''} Change columns.".replace(
                "  ", " "
            )
        (layout, _), *_ = self._layouts.most_common(1)
        if layout in set(LAYOUTS) and set(LAYOUTS[layout].columns) <= whole:
            columns = ", ".join(LAYOUTS[layout].columns)
            return f"As {layout}, whose columns these are, {columns} should start with a user's text."
        near, longest = nearest(whole), max(names, key=lambda name: self._columns[name])
        return (
            f"The nearest layout is {near}, with the columns {', '.join(LAYOUTS[near].columns)}. "
            f"Or say which column has the request, such as columns={{prompt: {longest}}}."
        )

    def _has(self, name: str) -> bool:
        """Whether a column is there, or a list in which the name counts the place."""
        return any(
            each == name or each.startswith(f"{name}.") or name.startswith(f"{each}.")
            for each in self._columns
        )


def _flat(row: Row, above: str = "") -> Iterator[tuple[str, Any]]:
    """The columns of a row, and instead of one that holds others, those, as `columns` names them."""
    for name, value in row.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{above}{name}.")
        else:
            yield above + name, value
