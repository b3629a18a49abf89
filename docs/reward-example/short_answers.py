"""A reward for short answers, in a package of its own."""

from raif.verdicts.reward import REWARDS, Attempt


def short(attempts: list[Attempt], words: int = 20) -> list[float | None]:
    """1 up to `words` words, and less the longer the answer is."""
    return [min(1.0, words / max(1, len((a.answer or a.text).split()))) for a in attempts]


REWARDS.add("short", short)
