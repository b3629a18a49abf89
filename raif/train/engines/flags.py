"""What a vLLM server needs to sample for training. Nothing heavy is imported here: `raif serve` reads it."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

BACKEND = "raif_disk"
"""Name of the weight-transfer back-end that `raif.train.engines.plugin` registers with vLLM."""

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


def cpu_arguments() -> list[str]:
    """What any server needs on a CPU, nothing elsewhere: prompts are read whole.

    Of a request with a seed whose prompt it reads in parts, vLLM 0.32 dies there ("CPU Generator does not use
    offset").
    """
    return ["--no-enable-chunked-prefill"] if _for_cpu() else []


def _for_cpu() -> bool:
    """Is vLLM here built for CPUs? Then it is a package of another name, or says so in its version."""
    try:
        return "cpu" in version("vllm")
    except PackageNotFoundError:
        return True
