"""Memory by part and time of a step: the arithmetic, and what is said of the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from raif.config.judge import JudgeConfig
from raif.config.train import TrainConfig
from raif.plan import describe
from raif.plan.costs import (
    BUCKET,
    LIVE,
    USED,
    Memory,
    Sharding,
    memory,
    micro_batch,
    step_cost,
    tokens_that_fit,
    trained,
)
from raif.plan.machine import device, processor_rate
from raif.plan.shapes import shape_of

SEVEN = shape_of("Qwen/Qwen2.5-7B-Instruct")
assert SEVEN
NUMBER = SEVEN.parameters


def config(**keys: Any) -> TrainConfig:
    return TrainConfig.model_validate(keys)


def used(c: TrainConfig, **sharding: Any) -> Memory:
    assert SEVEN
    return memory(c, SEVEN, cpu=False, sharding=Sharding(**sharding))


def test_the_state_of_a_bfloat16_run_is_eighteen_bytes_a_parameter_without_its_gradients() -> None:
    always = used(config()).always
    assert {part: size / NUMBER for part, size in always.items()} == {
        "weights": 2,
        "whole copy": 0,
        "float32 masters": 4,
        "Adam moments": 8,
        "frozen model": 2,
        "judge": 0,
    }
    embedding = 152064 * 3584
    assert used(config()).phases["an update"]["gradients"] == 4 * NUMBER + 2 * embedding


def test_a_float32_run_has_no_masters() -> None:
    always = used(config(model={"compute": "float32"})).always
    assert (always["weights"] / NUMBER, always["float32 masters"]) == (4, 0)


def test_without_kl_and_held_out_prompts_there_is_no_frozen_model() -> None:
    assert used(config(loss={"kl": 0})).always["frozen model"] == 0
    assert used(config(loss={"kl": 0}, data={"heldout": "h.jsonl"})).always["frozen model"] > 0


@pytest.mark.parametrize(
    ("zero", "divided"),
    [
        (0, set()),
        (2, {"float32 masters", "Adam moments"}),
        (3, {"float32 masters", "Adam moments", "weights", "frozen model"}),
    ],
)
def test_zero_divides_the_state_over_the_ranks(zero: int, divided: set[str]) -> None:
    one, four = used(config()).always, used(config(), ranks=4, zero=zero).always
    copy = four.pop("whole copy")
    assert copy == (one["weights"] if zero == 3 else 0)
    assert {part for part in four if one[part] and four[part] == one[part] / 4} == divided
    assert {part for part in four if four[part] == one[part]} == set(four) - divided


def test_where_servers_sample_no_rank_holds_the_whole_model_on_its_device() -> None:
    servers = {"engine": "vllm_server", "vllm": {"urls": ["http://one"]}}
    c = config(rollout=servers, data={"heldout": "h.jsonl"})
    found = used(c, ranks=4, zero=3)
    assert found.always["whole copy"] == 0
    assert found.sent == used(config()).always["weights"]
    assert "held-out answers" not in found.phases
    assert used(c, ranks=4, zero=2).sent == used(config(), ranks=4, zero=3).sent == 0


@pytest.mark.parametrize("zero", [2, 3])
def test_zero_keeps_a_share_of_the_gradients_and_a_bucket(zero: int) -> None:
    assert used(config(), ranks=4, zero=zero).phases["an update"]["gradients"] == NUMBER + BUCKET


def test_offload_takes_the_optimizers_state_and_the_summed_gradients_off_the_device() -> None:
    found = used(config(), ranks=1, zero=2, offload=True)
    assert (found.always["float32 masters"], found.always["Adam moments"]) == (0, 0)
    assert found.phases["an update"]["gradients"] == BUCKET


def test_what_offload_takes_off_the_device_is_in_the_hosts_memory() -> None:
    assert used(config(), ranks=4, zero=3, offload=True).host == (4 + 8 + 4) * NUMBER / 4
    assert used(config(), ranks=4, zero=3).host == 0


def test_under_zero_3_a_billion_parameters_are_whole_at_once() -> None:
    assert used(config(), ranks=4, zero=3).phases["an update"]["gathered layers"] == 2 * LIVE


def test_vllm_in_this_process_has_its_own_weights_and_fills_its_share_with_its_cache() -> None:
    assert SEVEN
    share = {"engine": "vllm", "vllm": {"gpu_memory_utilization": 0.3}}
    parts = memory(config(rollout=share), SEVEN, cpu=False, card=80e9)
    assert (parts.always["vLLM's weights"], parts.always["vLLM's KV cache"]) == (
        2 * NUMBER,
        0.3 * 80e9 - 2 * NUMBER,
    )
    assert "a rollout" not in parts.phases
    fixed = used(config(rollout={"engine": "vllm", "vllm": {"kv_cache_gib": 3, "tensor_parallel": 2}}))
    assert (fixed.always["vLLM's weights"], fixed.always["vLLM's KV cache"]) == (NUMBER, 3 * 2**30)


def test_held_out_prompts_have_a_cache_and_a_judge_in_this_process_its_activations() -> None:
    judge = JudgeConfig.model_validate(
        {"model": "Qwen/Qwen2.5-0.5B-Instruct", "local": {"batch": 2}, "sampling": {"max_tokens": 64}}
    )
    c = config(
        judge=judge,
        data={"heldout": "h.jsonl", "max_prompt_tokens": 100},
        rollout={"max_new_tokens": 50},
        evaluation={"batch": 3, "max_new_tokens": 200},
    )
    token, judges_token = 28 * 2 * (4 * 128) * 2, (2 * 896 + 3 * 4864) * 2
    assert used(c).phases["held-out answers"] == {"KV cache": 3 * (100 + 200) * token}
    assert used(c).phases["judging"] == {"judge's activations": 2 * 150 * judges_token}
    assert SEVEN
    on_cpu = memory(c, SEVEN, cpu=True).phases["judging"]["judge's activations"]
    assert on_cpu == 2 * (150 * judges_token + 14 * 150**2 * 8)


def test_scores_are_kept_by_the_attention_that_keeps_them() -> None:
    assert SEVEN

    def activations(attention: str, *, cpu: bool) -> float:
        c = config(model={"attention": attention}, optimizer={"micro_batch": 1})
        return memory(c, SEVEN, cpu=cpu).phases["an update"]["activations"]

    scores = 28 * 5120**2 * 8
    plain = activations("auto", cpu=False)
    assert activations("sdpa", cpu=True) == plain
    assert [activations("auto", cpu=True), activations("eager", cpu=False)] == [plain + scores] * 2


def test_a_micro_batch_by_tokens_fills_the_memory_that_is_left() -> None:
    assert SEVEN
    c = config(optimizer={"micro_batch": "auto"}, distributed={"zero": 2, "offload": True})
    sharding = Sharding(1, 2, offload=True)
    tokens = tokens_that_fit(c, SEVEN, cpu=False, card=80e9, sharding=sharding)
    assert tokens > 5120
    assert tokens % 5120 == 0

    def peak(budget: int) -> float:
        given = {"micro_batch": "auto", "micro_batch_tokens": budget}
        found = config(optimizer=given, distributed={"zero": 2, "offload": True})
        assert micro_batch(found) == (budget // 5120, 5120, 4096)
        parts = memory(found, SEVEN, cpu=False, card=80e9, sharding=sharding)
        return sum(parts.always.values()) + sum(parts.phases["an update"].values())

    assert peak(tokens) <= USED * 80e9 < peak(tokens + 5120) or tokens == 2**16 // 5120 * 5120
    assert tokens_that_fit(c, SEVEN, cpu=False, card=1e9, sharding=sharding) == 5120  # one always has to


def test_lora_trains_two_matrices_for_each_layer_and_needs_no_second_model() -> None:
    assert SEVEN
    all_layers, two = config(lora={"rank": 8}), config(lora={"rank": 8, "targets": ["q_proj", "v_proj"]})
    assert trained(two, SEVEN) == 28 * 8 * ((3584 + 3584) + (3584 + 512))
    assert trained(all_layers, SEVEN) == 20_185_088
    assert used(all_layers).always["Adam moments"] == 8 * trained(all_layers, SEVEN)
    assert used(all_layers).always["frozen model"] == 0


def test_logits_are_of_a_chunk_of_tokens() -> None:
    whole, half = config(), config(optimizer={"micro_batch": 2})
    short = config(optimizer={"micro_batch": 1}, rollout={"max_new_tokens": 128})
    assert used(half).phases["an update"]["logits"] == used(whole).phases["an update"]["logits"]
    assert used(short).phases["an update"]["logits"] == used(whole).phases["an update"]["logits"] / 2


def test_checkpointing_and_smaller_micro_batches_save_activations() -> None:
    whole, half = config(), config(optimizer={"micro_batch": 2})
    kept = config(model={"gradient_checkpointing": False})
    assert used(half).phases["an update"]["activations"] == used(whole).phases["an update"]["activations"] / 2
    assert used(kept).phases["an update"]["activations"] > 5 * used(whole).phases["an update"]["activations"]


def test_the_cache_holds_keys_and_values_of_all_that_is_sampled_side_by_side() -> None:
    c = config(rollout={"batch": 10, "max_new_tokens": 100}, data={"max_prompt_tokens": 60})
    assert used(c).phases["a rollout"]["KV cache"] == 10 * 160 * 28 * 2 * (4 * 128) * 2


def test_the_peak_is_that_of_the_larger_phase() -> None:
    assert Memory({"a": 5}, {"x": {"b": 3, "c": 4}, "y": {"d": 6}}).peak == 12


def test_a_judge_in_this_process_takes_its_weights() -> None:
    judge = JudgeConfig.model_validate({"model": "Qwen/Qwen2.5-7B-Instruct", "local": {}})
    assert used(config(judge=judge)).always["judge"] == 2 * NUMBER


def test_a_step_costs_two_six_or_eight_operations_a_parameter_and_token() -> None:
    assert SEVEN
    keys: dict[str, Any] = {
        "data": {"max_prompt_tokens": 10},
        "rollout": {"prompts": 2, "group_size": 4, "max_new_tokens": 30},
        "optimizer": {"batch": 4},
        "cloning": {"batch": 3},
    }
    found = step_cost(config(**keys), SEVEN)
    assert (found.sampled, found.trained) == (8 * 30, (8 + 2 * 3) * 40)
    assert found.operations == {
        "rollout": 2 * NUMBER * (8 * 30 + 2 * 2 * 10),
        "reference": 2 * NUMBER * 8 * 40,
        "update": 8 * NUMBER * 14 * 40,
    }
    plain = step_cost(config(**keys, model={"gradient_checkpointing": False}, loss={"kl": 0}), SEVEN)
    assert plain.operations["update"] == 6 * NUMBER * 14 * 40
    assert plain.operations["reference"] == 0


def test_a_warm_up_alone_samples_nothing() -> None:
    assert SEVEN
    keys: dict[str, Any] = {
        "data": {"max_prompt_tokens": 10},
        "rollout": {"max_new_tokens": 30},
        "cloning": {"warmup_steps": 5, "warmup_batch": 16, "batch": 2},
    }
    found = step_cost(config(**keys, steps=0), SEVEN)
    assert (found.sampled, found.trained) == (0, 16 * 40)
    assert found.operations == {"update": 8 * NUMBER * 16 * 40}
    small = {"path": "packaged:smollm2-135m", "device": "cpu"}
    shown = describe(config(**keys, steps=0, model=small), flops=1e12)
    end = "length     the warm-up alone; no responses are sampled"
    assert f"5 updates on 16 expert answers each\n{end}\n" in shown


def test_fine_tuning_samples_nothing() -> None:
    assert SEVEN
    c = config(method="sft", optimizer={"batch": 16}, sft={"max_tokens": 2048})
    found = step_cost(c, SEVEN)
    assert (found.sampled, found.trained, list(found.operations)) == (0, 16 * 2048, ["update"])
    assert list(used(c).phases) == ["an update"]


def test_a_plan_says_what_fits_and_what_the_time_is_made_of() -> None:
    small = describe(config(model={"path": "packaged:smollm2-135m", "device": "cpu"}), flops=1e12)
    large = describe(config(model={"device": "cpu"}), flops=1e12)
    assert "it does not fit" in large
    assert "at 1.0e+12 FLOP/s per rank (given)" in small
    assert all(part in small for part in ("weights", "Adam moments", "KV cache", "logits", "rollout"))


@pytest.mark.parametrize(
    ("compute", "source"),
    [
        ("float32", "(measured here on float32 products), fully used"),
        ("bfloat16", "(measured here on float32 products; bfloat16 can be faster), fully used"),
    ],
)
def test_a_plan_says_what_the_speed_was_measured_on(compute: str, source: str) -> None:
    model = {"path": "packaged:smollm2-135m", "device": "cpu", "compute": compute}
    assert describe(config(model=model)).endswith(source)


def test_a_model_of_unknown_shape_still_has_its_arithmetic() -> None:
    plan = describe(config(model={"path": "nobody/nothing"}))
    assert "memory     unknown: nobody/nothing" in plan
    assert "2000 rollouts, 4000 optimizer steps" in plan


def test_a_processor_is_measured_in_operations_a_second() -> None:
    assert 1e8 < processor_rate() < 1e15


def name(wanted: str) -> str | None:
    found = device(wanted)
    return found and found.name


def test_a_gpu_is_what_the_driver_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (name("cuda"), name("auto")) == (None, "CPU")
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho 'NVIDIA H200, 143771'\necho 'NVIDIA H200, 143771'\n")
    smi.chmod(0o755)
    assert (name("cuda"), name("auto"), name("cpu")) == ("NVIDIA H200", "NVIDIA H200", "CPU")
    found = device("auto")
    assert found
    assert found.bytes == 143771 * 2**20
