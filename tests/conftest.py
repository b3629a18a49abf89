"""Fixtures that several folders of tests share."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import tiny as tiny_model
from tests.parity import Parity

if TYPE_CHECKING:
    from raif.models.chat import Chat
    from raif.models.load import Model

PARITY = pytest.StashKey[Parity]()
os.environ.setdefault("OMP_NUM_THREADS", "1")
"""Tiny models gain nothing from threads, and processes that each spin on all cores take ten times as long."""


def pytest_configure() -> None:
    """A shell's background job ignores interrupts, and so would every process that a test starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is nightly, or needs a program or device of its own, is slow, too: the quick set is `not slow`."""
    for item in items:
        if any(map(item.get_closest_marker, ("nightly", "browser", "deepspeed", "vllm", "gpu"))):
            item.add_marker("slow")


@pytest.fixture(autouse=True)
def _strangers() -> None:
    """No server is known from another test, whose port it may have."""
    from raif.client.changes import known

    known.cache_clear()


@pytest.fixture(scope="session")
def benchmark_data() -> Path:
    """The folder with the benchmarks' data and the official checkers' verdicts."""
    folder = os.environ.get("RAIF_BENCHMARK_DATA")
    if not folder:
        pytest.skip("RAIF_BENCHMARK_DATA is not set: no official verdicts to compare with")
    return Path(folder)


@pytest.fixture(scope="session")
def parity(request: pytest.FixtureRequest, benchmark_data: Path) -> Parity:
    """Compares with official verdicts, and counts for the table."""
    return request.config.stash.setdefault(PARITY, Parity(benchmark_data))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.option.markexpr == "parity" and PARITY in config.stash:
        terminalreporter.section("parity with the official programs")
        for line in config.stash[PARITY].table():
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny chat model."""
    pytest.importorskip("torch", reason="needs raif[train]")
    return tiny_model.make(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def tiny(tiny_folder: Path) -> Model:
    """The tiny chat model, loaded."""
    import torch

    from raif.models.load import load

    return load(str(tiny_folder), dtype=torch.float32, device="cpu")


@pytest.fixture
def chat(tiny: Model) -> Chat:
    """The tiny model's chat."""
    from raif.models.chat import Chat

    return Chat(tiny.tokenizer, "tagged", "Use tags.")
