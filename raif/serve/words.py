"""What a server says while it starts, and what that means where it ends."""

from __future__ import annotations

import re
from collections import deque
from signal import SIGKILL
from threading import Thread
from typing import IO

from raif.errors import RaifError

KEPT = 400
"""Lines of the server's last words that are searched: vLLM tells the cause long before the end."""
SHOWN = 12
"""Lines that are shown where no cause is known."""
PATIENCE = 5.0
"""Seconds for the last words to arrive; processes that the server left behind may hold its output open."""

_MEMORY = re.compile(
    r"out of memory|OutOfMemory|no available memory|not enough (?:\w+ )?memory|can't allocate memory"
    r"|cannot allocate memory|is larger than the available KV cache|less than desired \w+ memory"
    r"|less than the engine's budget|MemoryError|'EngineCore\w*': -9",
    re.IGNORECASE,
)
_PORT = re.compile(r"address already in use", re.IGNORECASE)
_PREFIX = re.compile(r"^.*?(?:Error|ERROR)[^:]*: ")
_LESS = (
    "Lower --max-model-len, share the model among GPUs (--tensor-parallel), end what else uses the memory, "
    "or say how much of it vLLM may take, on CPUs too: `raif serve MODEL -- --gpu-memory-utilization 0.5`."
)


class Words:
    """Copies a server's output to `output` as it comes, and keeps its end."""

    def __init__(self, source: IO[bytes], output: IO[bytes] | None) -> None:
        self._last: deque[str] = deque(maxlen=KEPT)
        # A thread, to the very end of the output: a server must never wait for a reader.
        self._reader = Thread(target=self._read, args=(source, output), daemon=True)
        self._reader.start()

    def _read(self, source: IO[bytes], output: IO[bytes] | None) -> None:
        with source:
            for line in source:
                self._last.append(line.decode("utf-8", "replace").rstrip())
                if output:
                    output.write(line)
                    output.flush()

    def wait(self) -> None:
        """Until the last words have arrived: a thread that still writes can break the program's end."""
        self._reader.join(PATIENCE)

    def explained(self, code: int) -> RaifError:
        """Why a server ended that was not yet ready, in its own words. `code`: its exit code."""
        self.wait()
        if said := self._find(_MEMORY):
            return RaifError(f"the server has not enough memory: {said}", _LESS)
        if code == -SIGKILL:
            return RaifError(
                "the server was killed before it was ready, as by a system short of memory", _LESS
            )
        if said := self._find(_PORT):
            return RaifError(f"the server can't listen: {said}", "Choose another --port; 0: any free one.")
        last = "\n".join(list(self._last)[-SHOWN:])
        return RaifError(
            f"the server ended before it was ready (exit code {code})", f"Its last words:\n{last}"
        )

    def _find(self, pattern: re.Pattern[str]) -> str | None:
        found = next((line for line in self._last if pattern.search(line)), None)
        return found and _PREFIX.sub("", found)
