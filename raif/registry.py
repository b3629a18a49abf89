"""Name -> object, registered where the object is defined. Plug-ins come in by entry point."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from threading import RLock
from typing import Generic, TypeVar

from raif.errors import RaifError, did_you_mean

T = TypeVar("T")
LOADING = RLock()
"""Held while anything is imported to be registered. One for all registries, which may need each other."""


class Registry(Generic[T]):
    """A mapping that takes a name only once, and answers an unknown one with the nearest spelling.

    A plug-in names a module or callable under the entry-point group `raif.<what>s`; loading it registers its
    objects. Plug-ins and our own `modules` are imported when a name is not known yet, or all are listed.
    """

    def __init__(self, what: str, error: type[RaifError] = RaifError, modules: tuple[str, ...] = ()) -> None:
        self._what, self._error, self._modules = what, error, modules
        self._items: dict[str, T] = {}
        self._loaded = self._loading = False

    def add(self, name: str, item: T) -> T:
        if name in self._items:
            raise ValueError(f"{self._what} {name!r} is registered twice")
        self._items[name] = item
        return item

    def __getitem__(self, name: str) -> T:
        if name not in self._items:
            self._load()
        try:
            return self._items[name]
        except KeyError:
            raise self._error(f"unknown {self._what} {name!r}", did_you_mean(name, self._items)) from None

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(sorted(self._items))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _load(self) -> None:
        """Import all of `modules` and plug-ins, once. After a failure the next lookup tries again."""
        if self._loaded:
            return
        with LOADING:
            if self._loaded or self._loading:  # the latter: a plug-in looks up what it builds on
                return
            self._loading = True
            try:
                for module in self._modules:
                    import_module(module)
                self._load_plug_ins()
                self._loaded = True
            finally:
                self._loading = False

    def _load_plug_ins(self) -> None:
        from importlib.metadata import entry_points  # takes as long to import as all of our modules

        for point in entry_points(group=f"raif.{self._what.replace(' ', '_')}s"):
            try:
                point.load()
            except (ImportError, SyntaxError, AttributeError, NameError, TypeError, ValueError) as error:
                package = point.dist.name if point.dist else "an unnamed package"
                raise self._error(
                    f"plug-in {point.name!r} of {package} can't be loaded: {type(error).__name__}: {error}",
                    f"Update it, or remove it: pip uninstall {package}",
                ) from error
