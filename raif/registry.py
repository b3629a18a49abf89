"""Name -> object, registered where the object is defined; plug-ins come in by entry point."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Generic, TypeVar

from raif.errors import RaifError, did_you_mean

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T")


class Registry(Generic[T]):
    """A mapping that refuses a name twice and answers an unknown one with the nearest spelling.

    Plug-ins name a module or callable under the entry-point group `raif.<what>`; loading it registers. They
    and `modules`, our own, are imported when a name is not there yet, or all are asked for.
    """

    def __init__(self, what: str, error: type[RaifError] = RaifError, modules: tuple[str, ...] = ()) -> None:
        self._what, self._error, self._modules = what, error, modules
        self._items: dict[str, T] = {}
        self._all_loaded = False

    def add(self, name: str, item: T) -> T:
        if name in self._items:
            raise ValueError(f"{self._what} {name!r} is registered twice")
        self._items[name] = item
        return item

    def __getitem__(self, name: str) -> T:
        if name not in self._items:
            self._load_all()
        try:
            return self._items[name]
        except KeyError:
            raise self._error(f"unknown {self._what} {name!r}", did_you_mean(name, self._items)) from None

    def __iter__(self) -> Iterator[str]:
        self._load_all()
        return iter(sorted(self._items))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _load_all(self) -> None:
        if self._all_loaded:
            return
        from importlib.metadata import entry_points  # takes as long to load as all of ours

        self._all_loaded = True  # before: a plug-in may look up what it builds on
        for module in self._modules:
            import_module(module)
        for point in entry_points(group=f"raif.{self._what.replace(' ', '_')}s"):
            self._load(point)

    def _load(self, point: EntryPoint) -> None:
        try:
            point.load()
        except (ImportError, SyntaxError, AttributeError, NameError, TypeError, ValueError) as error:
            self._all_loaded = False  # what comes next must fail too, not go on without the plug-in
            package = point.dist.name if point.dist else "an unnamed package"
            raise self._error(
                f"plug-in {point.name!r} of {package} can't be loaded: {type(error).__name__}: {error}",
                f"Update it, or remove it: pip uninstall {package}",
            ) from error
