"""How FollowBench's rules count and find in a text: English by words, Chinese by characters."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class View:
    """A generation as the rules of one language see it. White space counts: "One. " is two sentences."""

    text: str
    language: Language

    def part(self, text: str) -> View:
        return View(text, self.language)

    @property
    def sentences(self) -> list[str]:
        pieces = re.split("[.!?]" if self.language == "en" else "[。！？]", self.text)
        return [piece for piece in pieces if piece]

    @property
    def words(self) -> int:
        """Between any white space; characters in Chinese."""
        return len(self.text.split()) if self.language == "en" else len(self.text)

    @property
    def pieces(self) -> int:
        """Between single spaces, so that two in a row enclose one; characters in Chinese."""
        return len(self.text.split(" ")) if self.language == "en" else len(self.text)

    @property
    def marks(self) -> int:
        """Punctuation characters: ASCII's, and a few Chinese ones."""
        known = string.punctuation + ("" if self.language == "en" else "，。：’“”")
        return sum(character in known for character in self.text)

    def has(self, english: str, chinese: str) -> bool:
        """The whole English word, in this case; the Chinese one anywhere."""
        if self.language == "zh":
            return chinese in self.text
        return re.search(rf"\b{re.escape(english)}\b", self.text) is not None
