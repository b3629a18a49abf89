"""What each client gets from each back-end, parameter by parameter.

    python -m tests.serve.matrix transformers|vllm [CLIENT...]      columns of the table in docs/serve.md

The model always writes the same (`thinker`). At temperature 2 it rarely does, so that a parameter that has no
effect is found out.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raif.config.serve import ServeConfig
from raif.serve import Server, serving
from tests.serve import thinker
from tests.serve.clients import CLIENTS, KEY, Client, Seen

WORKS, REFUSED, CANNOT = "yes", "400", "–"
"""A cell: it works; it is refused with a message; the client can't send it. Anything else is a fault."""
HOT = {"temperature": 2, "max_tokens": 50}
SMALL = ("--enforce-eager", "--gpu-memory-utilization", "0.15", "--max-num-seqs", "64")


@dataclass(frozen=True)
class Case:
    """One row. `right`: whether a reply shows that the parameter did what it should."""

    name: str
    parameters: dict[str, Any]
    right: Callable[[Seen], bool]


def whole(seen: Seen) -> bool:
    """The answer alone, and the reasoning where the client shows it."""
    return seen.texts == [thinker.ANSWER] and seen.reasoning in (thinker.THINKING, "")


def cut(count: int) -> Callable[[Seen], bool]:
    return lambda seen: seen.ended in ("length", None) and seen.written in (count, None)


CASES = (
    Case("messages, greedy", {"temperature": 0}, whole),
    Case("`stream`", {"temperature": 0, "stream": True}, lambda seen: whole(seen) and seen.chunks > 2),
    Case(
        "`stream_options.include_usage`",
        {"temperature": 0, "stream": True, "stream_options": {"include_usage": True}},
        lambda seen: whole(seen) and seen.written == len(thinker.PIECES) + 1,
    ),
    Case("`max_tokens`", {"temperature": 0, "max_tokens": 2}, cut(2)),
    Case("`max_completion_tokens`", {"temperature": 0, "max_completion_tokens": 2}, cut(2)),
    Case("`n`", {**HOT, "top_p": 0.01, "n": 3}, lambda seen: seen.texts == [thinker.ANSWER] * 3),
    Case("`stop`", {"temperature": 0, "stop": " is 4"}, lambda seen: seen.texts == ["It"]),
    Case("`top_p`", {**HOT, "top_p": 0.01}, whole),
    Case("`top_k`", {**HOT, "top_k": 1}, whole),
    Case("`min_p`", {**HOT, "min_p": 1.0}, whole),
    Case(
        "`logprobs`, `top_logprobs`",
        {"temperature": 0, "logprobs": True, "top_logprobs": 3},
        lambda seen: seen.first == thinker.PIECES[0],
    ),
    Case(
        "`enable_thinking: false`",
        {"temperature": 0, "chat_template_kwargs": {"enable_thinking": False}},
        lambda seen: seen.texts == [thinker.RESPONSE] and not seen.reasoning,
    ),
    Case("`reasoning_effort`", {"temperature": 0, "reasoning_effort": "low"}, lambda seen: False),
    Case("`logit_bias`", {"temperature": 0, "logit_bias": {"70": 100}}, lambda seen: not whole(seen)),
    Case("`max_tokens: 0`", {"max_tokens": 0}, lambda seen: False),
    Case("a prompt beyond the context", {"max_tokens": 5000}, lambda seen: False),
)
SEED = "`seed`"


def cell(client: Client, case: Case, server: Server, folder: Path) -> str:
    seen = client(server, case.parameters, folder)
    if seen is None:
        return CANNOT
    if seen.error:
        return REFUSED if seen.error.startswith("400 ") and len(seen.error) > 20 else seen.error
    return WORKS if case.right(seen) else "ignored"


def seeded(client: Client, server: Server, folder: Path) -> str:
    """Whether one seed gives one response, and others give others. Warm: some have an answer to show."""
    warm = {"temperature": 0.9, "max_tokens": 50}
    found = [client(server, {**warm, "seed": seed}, folder) for seed in (5, 5, 6, 7, 8, 9, 10, 11)]
    if None in found:
        return CANNOT
    first, *others = [(seen.texts, seen.reasoning) for seen in found if seen]
    return WORKS if first == others[0] and set(map(str, others)) > {str(first)} else "ignored"


def column(client: Client, server: Server, folder: Path) -> dict[str, str]:
    """The cells of one client, by the names of their rows."""
    return {
        **{case.name: cell(client, case, server, folder) for case in CASES},
        SEED: seeded(client, server, folder),
    }


@contextmanager
def started(backend: str, folder: Path) -> Iterator[Server]:
    """A server of the thinker, whose template can switch thinking off; with a key."""
    template = thinker.make(folder, certainty=0.4) / "chat_template.jinja"
    closed = "{% if enable_thinking is defined and enable_thinking is false %}</think>\n{% endif %}"
    template.write_text(template.read_text("utf-8") + closed, "utf-8")
    keys = {"model": str(folder), "backend": backend, "port": 0, "dtype": "float32", "max_model_len": 1024}
    more = {"arguments": SMALL} if backend == "vllm" else {}
    os.environ["MATRIX_KEY"] = KEY
    config = ServeConfig.model_validate(keys | more | {"api_key_env": "MATRIX_KEY"})
    with serving(config, sys.stderr.buffer) as server:
        yield server


def columns(backend: str, names: Sequence[str] = tuple(CLIENTS)) -> dict[str, dict[str, str]]:
    """The cells of these clients with one back-end."""
    with tempfile.TemporaryDirectory() as place:
        # No plug-ins: the package that holds our packaged model is one, and lacks its own dependencies.
        os.environ |= {"LLM_USER_PATH": place, "LLM_LOAD_PLUGINS": ""}
        with started(backend, Path(place) / "thinker") as server:
            return {name: column(CLIENTS[name], server, Path(place)) for name in names}


def table(found: dict[str, dict[str, str]]) -> list[str]:
    """The rows of a Markdown table."""
    rows = ["| | " + " | ".join(found) + " |", "|---|" + "---|" * len(found)]
    names = [*(case.name for case in CASES), SEED]
    return rows + [
        "| " + " | ".join([name, *(cells[name] for cells in found.values())]) + " |" for name in names
    ]


if __name__ == "__main__":
    print("\n".join(table(columns(sys.argv[1], sys.argv[2:] or tuple(CLIENTS)))))
