from __future__ import annotations

import sys
from pathlib import Path

import pytest

from raif.config import load
from raif.config.serve import RewardsConfig, ServeConfig
from raif.errors import ConfigError, MissingDependency
from raif.models.chat import Chat
from raif.reasoning import Style
from raif.serve import backends
from raif.serve.backends import Command, command, style
from raif.serve.middleware import KEY, RequireKey
from tests.tiny import byte_tokenizer

RENDERED = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with only a checkpoint's config: no server is started here, so none has to be installed."""
    monkeypatch.setattr(backends, "require", lambda *modules, extra: None)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").touch()
    return tmp_path / "model"


def made(folder: Path, backend: str = "vllm", **keys: object) -> Command:
    config = {"model": str(folder), "backend": backend, **keys}
    return command(ServeConfig.model_validate(config), 8123)


def option(made: Command, name: str) -> list[str]:
    """All values of an option."""
    return [made.arguments[n + 1] for n, word in enumerate(made.arguments) if word == name]


def config_of(made: Command) -> ServeConfig:
    """The config that our own server is started with."""
    return ServeConfig.model_validate_json(made.arguments[-1])


def test_a_server_listens_on_the_given_address(folder: Path) -> None:
    found = made(folder)
    assert option(found, "--host") == ["127.0.0.1"]
    assert option(found, "--port") == ["8123"]
    ours = config_of(made(folder, "transformers"))
    assert (ours.model, ours.host, ours.port) == (str(folder), "127.0.0.1", 8123)
    assert found.model == made(folder, "transformers").model == "model"


def test_more_arguments_reach_vllm(folder: Path) -> None:
    assert option(made(folder, arguments=["--seed", "3"]), "--seed") == ["3"]


def test_a_server_of_rewards_needs_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "require", lambda *modules, extra: None)
    found = command(ServeConfig.model_validate({"rewards": {"dialect": "ifeval"}}), 8123)
    assert found.model is None
    assert found.arguments[-2] == "raif.serve.rewards"
    assert config_of(found).rewards == RewardsConfig(dialect="official")


def test_sizes_reach_vllm(folder: Path) -> None:
    found = made(folder, tensor_parallel=4, data_parallel=2, max_model_len=4096, dtype="float32")
    assert option(found, "--tensor-parallel-size") == ["4"]
    assert option(found, "--data-parallel-size") == ["2"]
    assert option(found, "--max-model-len") == ["4096"]
    assert option(found, "--dtype") == ["float32"]
    assert option(made(folder), "--max-model-len") == []


def test_a_judge_is_greedy_and_returns_enough_candidates(folder: Path) -> None:
    found = made(folder, judge=True)
    assert option(found, "--override-generation-config") == ['{"temperature": 0.0}']
    assert option(found, "--max-logprobs") == ["20"]
    assert "--enable-prefix-caching" in found.arguments


@pytest.mark.parametrize("built", ["0.32.0+cpu", "0.32.0+cu130"])
def test_prompts_are_read_whole_only_on_a_cpu(
    folder: Path, monkeypatch: pytest.MonkeyPatch, built: str
) -> None:
    """Otherwise vLLM 0.32 crashes when it reads the prompt of a request with a seed in parts."""
    monkeypatch.setattr(backends, "version", lambda package: built)
    assert ("--no-enable-chunked-prefill" in made(folder).arguments) == built.endswith("cpu")


@pytest.mark.parametrize(
    ("built", "ranks", "executor"),
    [("0.32.0+cpu", 1, ["uni"]), ("0.32.0+cpu", 2, []), ("0.32.0+cu130", 1, [])],
)
def test_on_a_cpu_one_process_computes_if_one_is_enough(
    folder: Path, monkeypatch: pytest.MonkeyPatch, built: str, ranks: int, executor: list[str]
) -> None:
    monkeypatch.setattr(backends, "version", lambda package: built)
    found = made(folder, tensor_parallel=ranks)
    assert option(found, "--distributed-executor-backend") == executor
    assert ("VLLM_ENABLE_V1_MULTIPROCESSING" in found.environment) == bool(executor)


def test_a_rollout_server_takes_new_weights(folder: Path) -> None:
    found = made(folder, rollout=True)
    assert found.environment["VLLM_SERVER_DEV_MODE"] == "1"
    assert option(found, "--weight-transfer-config")
    assert "VLLM_SERVER_DEV_MODE" not in made(folder).environment


@pytest.mark.parametrize("backend", ["vllm", "transformers"])
def test_the_key_is_passed_only_through_the_environment(
    folder: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVER_KEY", "secret")
    found = made(folder, backend, api_key_env="SERVER_KEY")
    assert found.environment[KEY] == "secret"
    assert "secret" not in " ".join(found.arguments)


def test_a_key_guards_both_back_ends(folder: Path) -> None:
    config = ServeConfig(model=str(folder), think="none", api_key_env="SERVER_KEY")
    assert backends.layers(config, folder) == [RequireKey]
    assert backends.layers(config.model_copy(update={"api_key_env": None}), folder) == []


def test_a_key_given_instead_of_its_variable_is_not_printed(folder: Path) -> None:
    with pytest.raises(ConfigError, match="no environment variable") as caught:
        made(folder, api_key_env="sk-secret")
    assert "sk-secret" not in str(caught.value)


def test_a_key_that_no_client_can_send_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_KEY", "secret\n")
    with pytest.raises(ConfigError, match="the key in SERVER_KEY has a line break") as caught:
        made(folder, api_key_env="SERVER_KEY")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("think", "layer"), [("tagged", "SplitTagged"), ("deepseek", "SplitDeepseek"), ("none", None)]
)
def test_both_back_ends_split_responses_alike(folder: Path, think: str, layer: str | None) -> None:
    in_vllm = option(made(folder, think=think), "--middleware")
    assert in_vllm == ([f"raif.serve.middleware.{layer}"] if layer else [])
    ours = backends.layers(config_of(made(folder, "transformers", think=think)), folder)
    assert [f"{one.__module__}.{one.__name__}" for one in ours] == in_vllm


@pytest.mark.parametrize(
    ("template", "found"),
    [
        (RENDERED + "{% endif %}", "none"),
        ("{{ content.split('</think>') }}" + RENDERED + "{% endif %}", "none"),
        (RENDERED + "{{ '<think>\\n' }}{% endif %}", "deepseek"),
        (
            RENDERED + "{% if enable_thinking is false %}{{ '<think>\\n\\n</think>' }}{% endif %}{% endif %}",
            "deepseek",
        ),
    ],
)
def test_the_template_says_how_reasoning_is_marked(folder: Path, template: str, found: Style) -> None:
    (folder / "chat_template.jinja").write_text(template)
    assert style(ServeConfig(model=str(folder)), folder) == found
    assert style(ServeConfig(model=str(folder), think="tagged"), folder) == "tagged"


@pytest.mark.parametrize("trained", ["tagged", "deepseek"])
def test_a_trained_model_is_recognized_by_its_template(folder: Path, trained: Style) -> None:
    pytest.importorskip("transformers", reason="needs raif[train]")
    tokenizer = byte_tokenizer()
    (folder / "chat_template.jinja").write_text(Chat(tokenizer, trained).served_template())
    config = ServeConfig(model=str(folder), backend="vllm")
    assert style(config, folder) == trained
    assert style(config.model_copy(update={"rollout": True}), folder) == "none"


def test_older_folders_have_the_template_in_the_tokenizers_config(folder: Path) -> None:
    (folder / "tokenizer_config.json").write_text(
        '{"chat_template": "{% if add_generation_prompt %}<think>{% endif %}"}'
    )
    assert style(ServeConfig(model=str(folder)), folder) == "deepseek"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (["rollout=true", "data_parallel=2"], "can't do this: rollout, data_parallel"),
        (["arguments=[--seed]"], "can't do this: arguments"),
        (["backend=vllm", "device=cpu", "batch=4"], "can't do this: device, batch"),
        (["rewards={}"], "one of them"),
        (["model=null"], "one of them"),
        (["model=null", "rewards={}", "max_model_len=9"], "no use for: max_model_len"),
        (["model=null", "rewards.judge.model=m"], "endpoint.base_url"),
    ],
)
def test_options_that_a_server_lacks_are_refused(given: list[str], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        load(ServeConfig, "serve", overrides=["model=m", *given])


def test_a_folder_without_a_model_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "require", lambda *modules, extra: None)
    with pytest.raises(ConfigError, match=r"no config\.json"):
        made(tmp_path, "transformers")


@pytest.mark.parametrize(
    ("backend", "module", "extra"), [("transformers", "starlette", "serve"), ("vllm", "vllm", "vllm")]
)
def test_missing_packages_are_named_with_their_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependency) as caught:
        made(tmp_path, backend)
    assert f"pip install 'raif[{extra}]'" in str(caught.value)
