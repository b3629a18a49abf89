"""Entry point `vllm.general_plugins`: vLLM calls `register` in each of its processes, at times twice."""

from __future__ import annotations

from contextlib import suppress

from raif.serve.vllm_flags import BACKEND


def register() -> None:
    """Make the back-end known to vLLM, which imports it when a config names it."""
    from vllm.distributed.weight_transfer import WeightTransferEngineFactory

    with suppress(ValueError):  # it is registered already
        WeightTransferEngineFactory.register_engine(BACKEND, "raif.train.samplers.disk", "DiskEngine")
