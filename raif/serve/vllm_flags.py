"""What a vLLM server needs to sample for training. Nothing heavy is imported here: `raif serve` reads it."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

BACKEND = "raif_disk"
"""Name of the weight-transfer back-end that `raif.train.samplers.plugin` registers with vLLM."""

ENVIRONMENT = {"VLLM_SERVER_DEV_MODE": "1"}
"""The endpoints that take weights and reset caches exist only so, and no key guards them."""


def rollout_arguments(transfer: Literal["disk", "nccl"] = "disk") -> list[str]:
    """Arguments of `python -m vllm.entrypoints.openai.api_server` beside those of any server.

    Log-probabilities are of the distribution that is sampled from, temperature included, and nothing of the
    checkpoint's generation_config.json (top-p, penalties) applies.
    """
    backend = BACKEND if transfer == "disk" else "nccl"
    return [
        *("--weight-transfer-config", json.dumps({"backend": backend})),
        *("--logprobs-mode", "processed_logprobs"),
        *("--generation-config", "vllm"),
    ]


def for_cpu(tensor_parallel: int = 1) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment that any server needs on a CPU, none elsewhere.

    Prompts are read whole: of a request with a seed whose prompt it reads in parts, vLLM 0.32 dies there
    ("CPU Generator does not use offset"). One process computes, the engine's own, where one is enough: while
    another one works, the engine waits for it in a loop that takes a core (`benchmarks/rollout_speed.py`).
    """
    if not _built_for_cpu():
        return [], {}
    whole = ["--no-enable-chunked-prefill"]
    if tensor_parallel > 1:
        return whole, {}
    return [*whole, "--distributed-executor-backend", "uni"], {"VLLM_ENABLE_V1_MULTIPROCESSING": "0"}


def _built_for_cpu() -> bool:
    """Is vLLM here built for CPUs? Then it is a package of another name, or says so in its version."""
    try:
        return "cpu" in version("vllm")
    except PackageNotFoundError:
        return True
