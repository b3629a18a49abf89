"""Which sentences an answer has: those of its level, then more, fewer or others until every wish is met."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from raif.config.builtin import Level
from raif.data.builtin.respond.form import Form, write
from raif.data.builtin.seeds import Seed

Measure = Callable[[str], int]
Chosen = dict[int, str]
"""Position of a point -> the variant of its sentence."""
_ROUNDS = 30


@dataclass(frozen=True)
class Wish:
    """A bound on what `measure` finds in the whole text. `size`: it grows with every sentence."""

    measure: Measure
    bound: int
    more: bool
    """At least the bound; otherwise less than it."""
    size: bool = False

    def met(self, text: str) -> bool:
        found = self.measure(text)
        return found >= self.bound if self.more else found < self.bound


@dataclass
class Task:
    """What to write: about what, how much, and what the constraints ask of layout and sentences."""

    seed: Seed
    level: Level
    form: Form = field(default_factory=Form)
    wishes: list[Wish] = field(default_factory=list)
    bans: list[Callable[[str], bool]] = field(default_factory=list)
    """No sentence may be of this kind."""
    only: Chosen | None = None
    """These sentences and no others, whatever else is wished."""

    def bound(self, relation: str, limit: int, measure: Measure, *, size: bool = False) -> None:
        self.wishes.append(Wish(measure, limit, relation == "at least", size))

    def variant(self, position: int) -> str | None:
        """The sentence as it is, or else its plain form, or None if neither is allowed."""
        variants = self.seed.points[position].variants
        return next((text for text in variants if not any(ban(text) for ban in self.bans)), None)


def choose(task: Task) -> Chosen | None:
    """The sentences of an answer that meets all wishes; None if there are none.

    The most important sentences always stay, and no sentence stays without the one that it continues.
    """
    return _Choice(task).found() if task.only is None else task.only


class _Choice:
    def __init__(self, task: Task) -> None:
        self._task, self._seed = task, task.seed
        self._chosen: Chosen = {}
        self._kept = {n for n, point in enumerate(self._seed.points) if point.level == 1}
        """Never dropped: the short answer, and what was added for a wish."""
        self._refused: set[int] = set()
        """Never added: what was dropped for a wish."""

    def found(self) -> Chosen | None:
        for position in self._seed.ladder[: self._seed.size(self._task.level)]:
            if not self._add(position) and self._seed.points[position].level == 1:
                return None
        if self._task.form.opening and not self._need(self._task.form.opening[1]):
            return None
        self._orphans()
        for _ in range(_ROUNDS):
            if len(self._chosen) < self._task.form.least:
                done = self._more(None)
            else:
                text = write(self._seed, self._chosen, self._task.form)
                unmet = next((wish for wish in self._task.wishes if not wish.met(text)), None)
                if unmet is None:
                    return self._chosen
                done = self._more(unmet) if unmet.more else self._fewer(unmet)
            if not done:
                return None
        return None

    def _need(self, position: int) -> bool:
        self._kept.add(position)
        return position in self._chosen or self._add(position)

    def _add(self, position: int) -> bool:
        """Adds a sentence, and before it what it continues. False if one of them isn't allowed."""
        if position in self._chosen:
            return True
        text = self._task.variant(position)
        if text is None or position in self._refused:
            return False
        before = self._seed.leans_on(position)
        if before is not None and not self._add(before):
            return False
        self._chosen[position] = text
        return True

    def _orphans(self) -> None:
        """Drops sentences that continue one that isn't there, if they may be dropped."""
        for position in sorted(self._chosen):
            before = self._seed.leans_on(position)
            if before is not None and before not in self._chosen and position not in self._kept:
                del self._chosen[position]

    def _more(self, wish: Wish | None) -> bool:
        """Adds the sentence that helps most, or else the most important one."""
        left = [n for n in self._seed.ladder if n not in self._chosen and n not in self._refused]
        if wish and not wish.size:
            helping = {n: wish.measure(text) for n in left if (text := self._task.variant(n))}
            left = sorted((n for n in helping if helping[n]), key=lambda n: -helping[n])
        for position in left:
            if self._add(position):
                if wish and not wish.size:
                    self._kept |= {position, self._seed.leans_on(position) or position}
                return True
        return False

    def _fewer(self, wish: Wish) -> bool:
        """Takes the plain form of a sentence, or drops the least important one, or the one that has most."""
        if not wish.size and self._reworded(wish):
            return True
        loose = [n for n in reversed(self._seed.ladder) if n in self._chosen and n not in self._kept]
        if not wish.size:
            loose = sorted(
                (n for n in loose if wish.measure(self._chosen[n])),
                key=lambda n: -wish.measure(self._chosen[n]),
            )
        if not loose:
            return False
        del self._chosen[loose[0]]
        self._refused.add(loose[0])
        self._orphans()
        return True

    def _reworded(self, wish: Wish) -> bool:
        for position, text in self._chosen.items():
            for other in self._seed.points[position].variants:
                fits = not any(ban(other) for ban in self._task.bans)
                if fits and wish.measure(other) < wish.measure(text):
                    self._chosen[position] = other
                    return True
        return False
