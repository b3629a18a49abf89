"""What `math_check` asks a child process: whether an answer equals the reference, says math-verify."""

from __future__ import annotations

import logging

logging.disable()  # math-verify warns that its own time limits are off, which work in the main thread only

from math_verify import parse, verify  # noqa: E402


def answer(answer: str, reference: str) -> bool | None:
    """None if the reference can't be read: nothing equals it, which is no fault of the answer."""
    found, wanted = (
        parse(f"\\boxed{{{text}}}", parsing_timeout=None, raise_on_error=True) for text in (answer, reference)
    )
    return verify(wanted, found, timeout_seconds=None, raise_on_error=True) if wanted else None
