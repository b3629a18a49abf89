"""Presets, files, bases and overrides."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from raif.config import Section, dump, load, models, preset_names, preset_path
from raif.config.base import validate
from raif.config.builtin import BuiltinConfig
from raif.config.eval import EvalConfig
from raif.config.models import LocalConfig
from raif.config.serve import ServeConfig
from raif.config.staged import StagedConfig, load_either
from raif.config.train import TrainConfig
from raif.errors import ConfigError


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_the_defaults_are_the_papers_7b_run_in_one_process_and_the_correction_that_vllm_needs() -> None:
    paper = load(TrainConfig, "train", preset="7b")
    assert different(paper, TrainConfig()) == {
        "loss.importance_cap",
        "loss.old",
        "judge",
        "distributed.zero",
        "distributed.offload",
    }


PAPERS = [name for name in preset_names("train") if name != "smol" and name.partition("-")[0] != "mini"]


@pytest.mark.parametrize("name", PAPERS)
def test_the_papers_presets_have_its_judge_its_sharding_and_one_limit_for_held_out_answers(name: str) -> None:
    paper = load(TrainConfig, "train", preset=name)
    assert paper.judge
    assert paper.judge.model == "Qwen/Qwen2.5-7B-Instruct"
    assert (paper.distributed.zero, paper.distributed.offload) == (3, paper.method == "grpo")
    assert paper.evaluation == load(TrainConfig, "train", preset="7b").evaluation
    assert paper.evaluation.max_new_tokens == 16384
    assert (paper.loss.old, paper.loss.importance_cap) == ("trainer", None)


def test_the_authors_run_differs_from_the_papers_as_their_scripts_do() -> None:
    authors, paper = (load(TrainConfig, "train", preset=name) for name in ("7b-reference", "7b"))
    assert different(authors, paper) == {
        "data.max_prompt_tokens",
        "optimizer.schedule",
        "optimizer.min_lr_ratio",
        "optimizer.horizon",
        *(f"reference_quirks.{name}" for name in type(authors.reference_quirks).model_fields),
    }
    assert authors.optimizer.horizon == 30 * 26_000 * 8 // authors.optimizer.batch


@pytest.mark.parametrize("written", ["1e-6", "1E-6", "0.000001", "1.0e-6"])
def test_a_learning_rate_is_a_number_however_it_is_written(tmp_path: Path, written: str) -> None:
    config = load(TrainConfig, "train", file=write(tmp_path / "a.yaml", f"optimizer: {{lr: {written}}}"))
    assert config.optimizer.lr == 1e-6


def test_the_base_of_a_file_is_a_preset_or_another_file_in_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "below.yaml", "base: 1.5b\nsteps: 7")
    below = load(TrainConfig, "train", file=tmp_path / "below.yaml")
    assert (below.model.path, below.steps) == ("Qwen/Qwen2.5-1.5B-Instruct", 7)
    write(tmp_path / "plain.yaml", "steps: 9")
    assert (
        load(TrainConfig, "train", file=write(tmp_path / "up.yaml", "base: plain.yaml\nseed: 3")).steps == 9
    )


def test_files_that_are_based_on_each_other_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "base: b.yaml")
    with pytest.raises(ConfigError, match=r"circular base: b\.yaml -> a\.yaml -> b\.yaml"):
        load(TrainConfig, "train", file=write(tmp_path / "b.yaml", "base: a.yaml"))


def test_overrides_win_and_the_last_one_counts() -> None:
    config = load(
        TrainConfig, "train", preset="7b", overrides=["loss.kl=0.1", "loss.kl=0.2", "contrast=false"]
    )
    assert (config.loss.kl, config.contrast) == (0.2, False)


def test_the_resolved_config_reads_back_as_itself(tmp_path: Path) -> None:
    config = load(TrainConfig, "train", preset="smol", overrides=["seed=4"])
    assert load(TrainConfig, "train", file=write(tmp_path / "c.yaml", dump(config))) == config


def test_the_source_of_each_mistake_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "mine.yaml", "steps: many\nloss: {clip: -1}")
    with pytest.raises(ConfigError) as caught:
        load(TrainConfig, "train", file=file, overrides=["seed=x"])
    message = caught.value.message
    assert f"{file}: steps: " in message
    assert f"{file}: loss.clip: " in message
    assert "--set seed=x: seed: " in message


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("stps=1", "--set stps=1: stps: unknown key. Did you mean 'steps'?"),
        ("loss.kll=1", "--set loss.kll=1: loss.kll: unknown key. Did you mean 'kl'?"),
        ("data.generate={cout: 1}", "data.generate.cout: unknown key. Did you mean 'count'?"),
    ],
)
def test_an_unknown_key_comes_with_the_nearest_one(override: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(TrainConfig, "train", overrides=[override])
    assert said in caught.value.message


def test_an_unknown_key_in_a_list_of_sections_comes_with_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match=r"select\.sources\.0\.pth: unknown key\. Did you mean 'path'\?"):
        load_either(overrides=["mode=staged", "select.sources=[{pth: seeds.jsonl}]"])


def test_broken_yaml_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="line 2"):
        load(TrainConfig, "train", file=write(tmp_path / "a.yaml", "steps: 1\n : ]"))
    with pytest.raises(ConfigError, match=r"--set data\.train=\[a: not YAML: while parsing a flow sequence"):
        load(TrainConfig, "train", overrides=["data.train=[a"])


def test_a_frozen_config_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        TrainConfig().steps = 3  # type: ignore[misc]


@pytest.mark.parametrize("config", [TrainConfig, BuiltinConfig, EvalConfig, ServeConfig])
def test_every_key_says_what_it_means(config: type[Section]) -> None:
    assert undocumented(config) == []


def undocumented(section: type[BaseModel], at: str = "") -> list[str]:
    found = []
    for key, field in section.model_fields.items():
        options = [a for a in (field.annotation, *get_args(field.annotation)) if isinstance(a, type)]
        inner = [a for a in options if issubclass(a, BaseModel)]
        found += [] if field.description or inner else [at + key]
        found += [name for a in inner for name in undocumented(a, f"{at}{key}.")]
    return found


ABLATED = {
    "math-only": {"data.mix", "contrast", "loss.cloning"},
    "complex-only": {"data.mix"},
    "math-0.2": {"data.mix"},
    "math-5": {"data.mix"},
    "no-contrast-no-cloning": {"contrast", "loss.cloning"},
    "no-cloning": {"loss.cloning"},
    "no-contrast": {"contrast"},
}


@pytest.mark.parametrize("name", ABLATED)
def test_an_ablation_is_its_difference_to_the_7b_run(name: str) -> None:
    ablated = load(TrainConfig, "train", preset=f"ablation-{name}")
    assert different(ablated, load(TrainConfig, "train", preset="7b")) == ABLATED[name]


def different(one: BaseModel, other: BaseModel, at: str = "") -> set[str]:
    found: set[str] = set()
    for key in type(one).model_fields:
        a, b = getattr(one, key), getattr(other, key)
        if isinstance(a, BaseModel) and isinstance(b, BaseModel):
            found |= different(a, b, f"{at}{key}.")
        elif a != b:
            found.add(at + key)
    return found


@pytest.mark.parametrize("name", preset_names("train"))
def test_a_preset_teaches_in_its_header(name: str) -> None:
    header = [line for line in preset_path("train", name).read_text().splitlines() if line.startswith("#")]
    assert f"raif train --preset {name}" in "\n".join(header)
    assert any("--set" in line for line in header)


@pytest.mark.parametrize(
    ("device", "flags", "compute"),
    [
        ("cpu", {"avx512f"}, "float32"),
        ("cpu", {"amx_bf16"}, "bfloat16"),
        ("cpu", {"avx512_bf16"}, "bfloat16"),
        ("cuda", set(), "bfloat16"),
    ],
)
def test_the_precision_suits_the_device_and_is_kept(
    monkeypatch: pytest.MonkeyPatch, device: str, flags: set[str], compute: str
) -> None:
    monkeypatch.setattr(models, "cpu_flags", lambda: flags)
    config = TrainConfig.model_validate({"model": {"compute": "auto", "device": device}})
    assert LocalConfig.model_validate({"compute": "auto", "device": device}).compute == compute
    monkeypatch.setattr(models, "cpu_flags", lambda: {"another machine"})
    assert TrainConfig.model_validate(config.model_dump()).model.compute == compute
    assert TrainConfig().model.compute == "bfloat16"


def test_a_mistake_that_fits_none_of_a_keys_types_is_one_line_by_the_keys_own_name() -> None:
    with pytest.raises(ConfigError) as raised:
        load(TrainConfig, "train", overrides=["optimizer.micro_batch=0"])
    assert raised.value.message.count("\n") == 0
    assert "optimizer.micro_batch: Input should be greater than 0, or: Input should be 'auto' (got 0)" in str(
        raised.value
    )


def test_a_preset_is_not_blamed_for_what_the_user_left_out() -> None:
    with pytest.raises(ConfigError) as raised:
        load(EvalConfig, "eval", preset="ifeval")
    assert raised.value.message.startswith("give a model (--model)")


TEACHER = """
teacher:
  model: cheap
  endpoint: {base_url: "http://cheap/v1", api_key_env: CHEAP_KEY, retries: 7}
  prices: {read: 1, written: 2}
"""


def teacher(tmp_path: Path, *overrides: str, derived: str | None = None) -> dict[str, Any]:
    file = write(tmp_path / "base.yaml", "mode: staged\nselect: {sources: [{packaged: true}]}" + TEACHER)
    if derived is not None:
        file = write(tmp_path / "derived.yaml", f"base: base.yaml\nteacher: {derived}")
    config = load_either(file=file, overrides=overrides)
    assert isinstance(config, StagedConfig)
    assert config.teacher
    found = config.teacher.model_dump()
    return {"prices": found["prices"], "key": found["endpoint"]["api_key_env"]}


KEPT = {"prices": {"read": 1.0, "written": 2.0}, "key": "CHEAP_KEY"}


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["teacher.model=dear"], KEPT | {"prices": None}),
        (["teacher={model: dear}"], KEPT | {"prices": None}),
        (["teacher.endpoint.base_url=http://dear/v1"], {"prices": None, "key": "OPENAI_API_KEY"}),
        (["teacher.endpoint={base_url: 'http://dear/v1'}"], {"prices": None, "key": "OPENAI_API_KEY"}),
        (["teacher.model=cheap", "teacher.endpoint.base_url=http://cheap/v1"], KEPT),
        (["teacher.endpoint.retries=3"], KEPT),
        (["teacher.prices={read: 1, written: 2}", "teacher.model=dear"], KEPT),
        (
            ["teacher.endpoint.api_key_env=DEAR_KEY", "teacher.endpoint.base_url=http://dear/v1"],
            {"prices": None, "key": "DEAR_KEY"},
        ),
    ],
)
def test_another_model_or_server_does_not_keep_the_price_or_the_key_of_the_one_before(
    overrides: list[str], expected: dict[str, Any], tmp_path: Path
) -> None:
    assert teacher(tmp_path, *overrides) == expected


def test_a_file_with_another_model_and_server_does_not_keep_its_bases_price_and_key(tmp_path: Path) -> None:
    other = "{model: dear, endpoint: {base_url: 'http://dear/v1'}}"
    assert teacher(tmp_path, derived=other) == {"prices": None, "key": "OPENAI_API_KEY"}
    assert teacher(tmp_path, derived="{think: tagged}") == KEPT


def test_the_small_model_of_the_preset_gets_no_key_of_another_provider() -> None:
    config = load_either(preset="smol")
    assert isinstance(config, StagedConfig)
    assert config.teacher
    assert config.teacher.endpoint.api_key_env == "OPENAI_API_KEY"
    assert config.teacher.prices


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:8000/v1", "localhost", "", "http://", "http://[::1", "http://host:eighty/v1", "file:///v1"],
)
def test_an_address_that_can_not_be_asked_is_a_mistake(url: str) -> None:
    with pytest.raises(ConfigError, match=r"endpoint\.base_url: .*http://127\.0\.0\.1:8000/v1"):
        validate(EvalConfig, {"model": "m", "endpoint": {"base_url": url}}, {}, "preset")


def test_blanks_around_an_address_are_no_part_of_it() -> None:
    config = EvalConfig.model_validate({"model": "m", "endpoint": {"base_url": " http://host/v1\n"}})
    assert config.endpoint.base_url == "http://host/v1"


@pytest.mark.parametrize("name", preset_names("sampling"))
def test_each_preset_of_sampling_says_where_it_is_from(name: str) -> None:
    text = preset_path("sampling", name).read_text("utf-8")
    assert "# Source: " in text
    given = load(EvalConfig, "eval", overrides=["model=m", f"sampling.base={name}"]).sampling
    assert given.model_fields_set >= set(yaml.safe_load(text))


def test_a_preset_of_sampling_stands_below_what_is_beside_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "c.yaml").write_text(
        "base: ifeval\nmodel: m\nsampling: {base: qwen3, top_k: 5}\n"
        "judge: {model: j, endpoint: {base_url: http://x/v1}, sampling: {base: gpt-5}}"
    )
    found = load(EvalConfig, "eval", file=tmp_path / "c.yaml", overrides=["sampling.temperature=0.9"])
    assert (found.sampling.temperature, found.sampling.top_p, found.sampling.top_k) == (0.9, 0.95, 5)
    assert found.judge
    assert found.judge.sampling.settings == {"max_completion_tokens": 32768, "reasoning_effort": "medium"}
    (tmp_path / "again.yaml").write_text(dump(found))
    assert load(EvalConfig, "eval", file=tmp_path / "again.yaml") == found


def test_an_unknown_preset_of_sampling_gets_a_suggestion() -> None:
    with pytest.raises(ConfigError, match=r"no preset of sampling 'qwen'\nDid you mean 'qwen3'"):
        load(EvalConfig, "eval", overrides=["model=m", "sampling.base=qwen"])


def test_old_and_new_names_of_the_limit_and_the_seed_set_the_same() -> None:
    old = EvalConfig.model_validate({"model": "m", "sampling_seed": 3})
    assert old == EvalConfig.model_validate({"model": "m", "sampling": {"seed": 3}})
    preset = ["model=m", "sampling.base=gpt-5"]
    for name in ("max_tokens", "max_completion_tokens"):
        found = load(EvalConfig, "eval", overrides=[*preset, f"sampling.{name}=9"]).sampling
        assert (found.max_tokens, found.limit_name) == (9, "max_completion_tokens")


@pytest.mark.parametrize(
    ("earlier", "later"),
    [("max_tokens", "max_completion_tokens"), ("max_completion_tokens", "max_tokens")],
)
def test_of_two_names_of_the_limit_the_later_counts(tmp_path: Path, earlier: str, later: str) -> None:
    path = write(tmp_path / "c.yaml", f"model: m\nbenchmark: ifeval\nsampling: {{{earlier}: 500}}")
    found = load(EvalConfig, "eval", file=path, overrides=[f"sampling.{later}=9"]).sampling
    assert found.settings == {"temperature": 0, later: 9}
    both = write(tmp_path / "both.yaml", "model: m\nsampling: {max_tokens: 8, max_completion_tokens: 9}")
    with pytest.raises(ConfigError, match="give one of them"):
        load(EvalConfig, "eval", file=both)


def test_a_preset_of_sampling_stands_below_all_that_is_set_and_the_last_one_counts() -> None:
    own = ["model=m", "sampling.temperature=0.2", "sampling.base=qwen3"]
    found = load(EvalConfig, "eval", overrides=own).sampling
    assert (found.temperature, found.top_k) == (0.2, 20)
    found = load(EvalConfig, "eval", overrides=[*own, "sampling.base=r1"]).sampling
    assert found == load(EvalConfig, "eval", overrides=[*own[:2], "sampling.base=r1"]).sampling
    assert (found.temperature, found.top_k) == (0.2, None)


def test_a_pipeline_that_seeds_its_requests_takes_no_other_seed() -> None:
    with pytest.raises(ValueError, match="from the pipeline's `seed`"):
        StagedConfig.model_validate({"respond": {"sampling": {"seed": 1}}})
