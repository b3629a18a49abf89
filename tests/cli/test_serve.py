from __future__ import annotations

import yaml
from typer.testing import CliRunner

from raif_cli.main import app


def planned(*words: str) -> dict:
    result = CliRunner().invoke(app, ["serve", *words], catch_exceptions=False)
    return yaml.safe_load(result.stdout)


def test_the_options_make_the_config() -> None:
    size = ("--tensor-parallel", "4", "--data-parallel", "2", "--max-model-len", "4096")
    purpose = ("--judge", "--think", "tagged", "--api-key", "SERVER_KEY")
    found = planned("m", "--backend", "vllm", "--dry-run", *size, *purpose)
    expected = {
        "model": "m",
        "backend": "vllm",
        "host": "127.0.0.1",
        "tensor_parallel": 4,
        "data_parallel": 2,
        "max_model_len": 4096,
        "judge": True,
        "rollout": False,
        "think": "tagged",
        "api_key_env": "SERVER_KEY",
    }
    assert found.items() >= expected.items()


def test_what_follows_two_dashes_is_vllms() -> None:
    further = ["--seed", "3", "--override-generation-config", '{"top_p": 1}', "--dry-run"]
    assert planned("m", "--backend", "vllm", "--dry-run", "--", *further)["arguments"] == further


def test_rewards_have_a_dialect_and_a_judge() -> None:
    judge = ("--judge-url", "http://127.0.0.1:8001/v1", "--judge-model", "m")
    found = planned("--rewards", "--think", "tagged", "--dialect", "official", *judge, "--dry-run")
    assert (found["model"], found["think"], found["rewards"]["dialect"]) == (None, "tagged", "official")
    assert found["rewards"]["judge"]["model"] == "m"
    assert planned("--rewards", "--dry-run")["rewards"] == {"dialect": None, "judge": None}
