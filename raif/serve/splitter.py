"""A response taken apart while it still comes: what is thinking, what is the answer.

For a response in the right format the parts are those of `raif.reasoning.split`, however it is cut into
pieces. What is in neither, such as text between `</think>` and `<answer>`, counts as thinking: nothing is
lost, and no answer is made of it. `split` knows the end; here the first answer of several counts, and one
that is never closed is given too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from raif.reasoning import Style

Part = Literal["thinking", "answer"]
_REGIONS: dict[Style, tuple[tuple[Part, str], ...]] = {
    "tagged": (("thinking", "</think>"), ("thinking", "<answer>"), ("answer", "</answer>"), ("thinking", "")),
    "deepseek": (("thinking", "</think>"), ("answer", "")),
    "none": (("answer", ""),),
}
"""What a response holds in order, each with the tag that ends it; "": its end."""


@dataclass(slots=True)
class Parts:
    """What a piece of a response adds to its thinking and to its answer."""

    thinking: str = ""
    answer: str = ""


class Splitter:
    """Takes one response, piece by piece, as it comes after an opened or before an unopened `<think>`."""

    def __init__(self, style: Style) -> None:
        self._regions = _REGIONS[style]
        self._at = 0
        self._held = ""
        self._blank: dict[Part, str] = {"thinking": "", "answer": ""}
        self._begun: set[Part] = set()

    def feed(self, text: str) -> Parts:
        """What is certain by now. The start of a tag, and blanks that may be the last, are held back."""
        self._held += text
        parts = Parts()
        while tag := self._next_tag():
            before, _, self._held = self._held.partition(tag)
            self._give(parts, before)
            if tag != "<think>":
                self._give(
                    parts, "\n"
                )  # between what stood before the tag and after it, should both be thinking
                self._at += 1
        sure = len(self._held) - self._unsure()
        self._give(parts, self._held[:sure])
        self._held = self._held[sure:]
        return parts

    def close(self) -> Parts:
        """What was held back, once the response has ended."""
        parts = Parts()
        self._give(parts, self._held)
        self._held = ""
        return parts

    def _tags(self) -> list[str]:
        ends = self._regions[self._at][1]
        return ["<think>", ends] if ends == "</think>" else [ends] if ends else []

    def _next_tag(self) -> str | None:
        present = [tag for tag in self._tags() if tag in self._held]
        return min(present, key=self._held.index, default=None)

    def _unsure(self) -> int:
        """Characters at the end that may be the start of a tag."""
        starts = (tag[:n] for tag in self._tags() for n in range(1, len(tag)))
        return max((len(start) for start in starts if self._held.endswith(start)), default=0)

    def _give(self, parts: Parts, text: str) -> None:
        part = self._regions[self._at][0]
        whole = self._blank[part] + text if part in self._begun else text.lstrip()
        shown = whole.rstrip()
        self._blank[part] = whole[len(shown) :]
        if shown:
            self._begun.add(part)
            setattr(parts, part, getattr(parts, part) + shown)
