"""Entry point `vllm.general_plugins`: vLLM calls `register` in each of its processes, sometimes twice."""

from __future__ import annotations

from contextlib import suppress

from raif.serve.backends import BACKEND


def register() -> None:
    """Tell vLLM about the weight-transfer back-end, which it imports when a config names it."""
    from vllm.distributed.weight_transfer import WeightTransferEngineFactory

    with suppress(ValueError):  # already registered
        WeightTransferEngineFactory.register_engine(BACKEND, "raif.train.samplers.disk", "DiskEngine")
