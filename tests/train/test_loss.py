"""The loss over micro-batches: additive, blind to padding, and with no trace of what was dropped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import pytest
import torch
from torch import Tensor

from raif.config.train import LossConfig
from raif.models.head import Head
from raif.models.load import Model
from raif.train.logps import Sample, bucketed, collate, token_logps, token_logps_and_entropy
from raif.train.loss import Counts, cloning_loss, learned, policy_loss
from tests.train.gpu_checks import SAMPLES


def gradient(
    model: Model,
    samples: Sequence[Sample],
    size: int,
    *,
    divide_by_all: bool = False,
    skip: bool = False,
    **loss_keys: Any,
) -> Tensor:
    """The gradient of one optimizer step, all weights in one vector; skip: leave out what can't move them."""
    model.net.zero_grad()
    config = LossConfig(**{"kl": 0.0, **loss_keys})
    counts = Counts.of(samples, config, divide_by_all=divide_by_all, max_new_tokens=20)
    chosen = learned(samples, config) if skip else samples
    for positions in bucketed(chosen, size):
        batch = collate([chosen[i] for i in positions], pad=0, device=model.device)
        logps, entropy = token_logps_and_entropy(model, batch)
        loss, _ = policy_loss(logps, torch.full_like(logps, -5.0), entropy, batch, counts, config)
        loss.backward()
    return torch.cat([p.grad.flatten() for p in model.net.parameters() if p.grad is not None])


def alone(model: Model, sample: Sample) -> Tensor:
    """The gradient of a response's own token mean."""
    return gradient(model, [replace(sample, keep=True)], 1)


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("normalisation", ["response", "dapo", "dr_grpo"])
def test_micro_batches_add_up_to_the_batch(tiny: Model, size: int, normalisation: str) -> None:
    keys: dict[str, Any] = {"kl": 0.1, "normalisation": normalisation, "ratio": "sequence"}
    whole = gradient(tiny, SAMPLES, 4, **keys).clone()
    torch.testing.assert_close(gradient(tiny, SAMPLES, size, **keys), whole, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize(("normalisation", "divisor"), [("dapo", 12), ("dr_grpo", 3 * 20)])
def test_a_token_weighs_the_same_in_every_response(tiny: Model, normalisation: str, divisor: int) -> None:
    """One over the 12 tokens that take part, or over the 20 that each of the 3 responses could have had."""
    kept = [s for s in SAMPLES if s.keep]
    expected = sum(alone(tiny, s).clone() * len(s.ids) for s in kept) / divisor
    found = gradient(tiny, SAMPLES, 4, normalisation=normalisation)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("normalisation", ["response", "dapo", "dr_grpo"])
def test_skipping_what_cannot_move_the_policy_changes_no_gradient(tiny: Model, normalisation: str) -> None:
    samples = [*SAMPLES, replace(SAMPLES[3], advantage=0.0)]
    whole = gradient(tiny, samples, 5, normalisation=normalisation).clone()
    found = gradient(tiny, samples, 5, normalisation=normalisation, skip=True)
    torch.testing.assert_close(found, whole, atol=1e-6, rtol=1e-4)


def test_what_cannot_move_the_policy_is_dropped_or_has_no_advantage() -> None:
    samples = [*SAMPLES, replace(SAMPLES[3], advantage=0.0)]
    assert learned(samples, LossConfig(kl=0)) == [SAMPLES[0], SAMPLES[1], SAMPLES[3]]
    assert learned(samples, LossConfig(kl=0.1)) == samples


def test_a_dropped_response_leaves_no_trace_in_the_policy_term(tiny: Model) -> None:
    without = gradient(tiny, [s for s in SAMPLES if s.keep], 4).clone()
    torch.testing.assert_close(gradient(tiny, SAMPLES, 4), without, atol=1e-6, rtol=1e-4)


def test_the_reference_divides_by_dropped_responses_too(tiny: Model) -> None:
    ours = gradient(tiny, SAMPLES, 4).clone()
    torch.testing.assert_close(
        gradient(tiny, SAMPLES, 4, divide_by_all=True), ours * 3 / 4, atol=1e-6, rtol=1e-4
    )


def test_the_kl_term_covers_a_dropped_response(tiny: Model) -> None:
    dropped = [replace(SAMPLES[2], keep=False)]
    assert gradient(tiny, dropped, 1).abs().max() == 0
    assert gradient(tiny, dropped, 1, kl=0.1).abs().max() > 0


def test_padding_changes_no_log_probability(tiny: Model) -> None:
    with torch.no_grad():
        together = token_logps(tiny, collate(SAMPLES, pad=3, device=tiny.device))
        for row, sample in enumerate(SAMPLES):
            alone = token_logps(tiny, collate([sample], pad=0, device=tiny.device))[0]
            torch.testing.assert_close(together[row, : len(sample.ids)], alone, atol=1e-5, rtol=0)
    assert together[2, 1:].abs().max() == 0


def test_log_probabilities_are_those_of_the_whole_logits(tiny: Model) -> None:
    sample = SAMPLES[0]
    with torch.no_grad():
        logits = tiny.net(torch.tensor([sample.prompt_ids + sample.ids])).logits[0]
        found = token_logps(tiny, collate([sample], pad=0, device=tiny.device), temperature=0.7)[0]
    expected = (
        torch.log_softmax(logits / 0.7, -1)[2:-1].gather(1, torch.tensor(sample.ids)[:, None]).squeeze(1)
    )
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def rows_of_logits(model: Model, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of how many tokens the output head makes logits from now on, each time that it is asked."""
    layer, seen = model.net.lm_head, list[int]()
    linear = layer.forward
    monkeypatch.setattr(layer, "forward", lambda states: seen.append(states.shape[-2]) or linear(states))
    return seen


def test_only_the_response_tokens_reach_the_output_head(tiny: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = rows_of_logits(tiny, monkeypatch)
    with torch.no_grad():
        token_logps(tiny, collate(SAMPLES, pad=0, device=tiny.device))
    assert seen == [sum(len(s.ids) for s in SAMPLES)]


class ByFives(Model):
    @cached_property
    def head(self) -> Head:
        return Head(self.net, chunk=5)


def test_logits_of_one_chunk_after_another_give_the_same_gradients(tiny: Model) -> None:
    whole = gradient(tiny, SAMPLES, 4, kl=0.1).clone()
    by_fives = gradient(ByFives(tiny.net, tiny.tokenizer, tiny.device), SAMPLES, 4, kl=0.1)
    torch.testing.assert_close(by_fives, whole, atol=1e-6, rtol=1e-4)


def test_no_logits_of_more_than_a_chunk_are_made(tiny: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = rows_of_logits(tiny, monkeypatch)
    gradient(ByFives(tiny.net, tiny.tokenizer, tiny.device), SAMPLES, 4)
    assert seen == [5, 5, 3, 3, 5, 5]  # for the losses, and again for the gradients


def test_entropy_of_a_uniform_model_is_the_log_of_its_vocabulary(tiny: Model) -> None:
    with torch.no_grad():
        tiny.net.lm_head.weight.zero_()
        _, entropy = token_logps_and_entropy(tiny, collate(SAMPLES, pad=0, device=tiny.device))
    vocabulary = tiny.net.config.vocab_size
    assert entropy[0].tolist()[:4] == pytest.approx([torch.log(torch.tensor(float(vocabulary))).item()] * 4)


def test_cloning_is_the_mean_over_all_expert_tokens() -> None:
    logps, mask = torch.tensor([[-1.0, -2.0], [-6.0, 9.9]]), torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    assert cloning_loss(logps, mask, 3).item() == pytest.approx(3.0)


LOGPS = [[-1.0, -2.0, -0.5], [-0.4, -0.9, -3.0], [-1.5, -0.2, -0.7]]
OLD = [[-1.2, -1.6, -0.5], [-0.1, -1.4, -3.0], [-1.0, -0.2, -0.7]]
FROZEN = [[-1.1, -2.5, -0.4], [-0.6, -0.7, -3.3], [-1.9, -0.1, -0.2]]
LENGTHS, ADVANTAGES, KEEP = [3, 2, 1], [1.5, -0.5, 2.0], [True, True, False]


def closed_form(normalisation: str, gap: float | None) -> dict[str, float]:
    """The loss and its metrics in plain numbers. Clip 0.2 and 0.28; k3, weight 0.1; importance cap 1.3."""
    sums = dict.fromkeys(("policy", "kl", "clip_share", "ratio_off", "entropy", "kl_mean"), 0.0)
    for row, length in enumerate(LENGTHS):
        per: dict[str, list[float]] = {name: [] for name in sums}
        for t in range(length):
            ratio = math.exp(LOGPS[row][t] - OLD[row][t] - (gap or 0.0))
            plain = ratio * ADVANTAGES[row]
            clipped = max(0.8, min(1.28, ratio)) * ADVANTAGES[row]
            weight = 1.0 if gap is None else min(1.3, math.exp(gap))
            d = FROZEN[row][t] - LOGPS[row][t]
            per["policy"].append(-min(plain, clipped) * weight * KEEP[row])
            per["kl"].append(math.exp(d) - 1 - d)
            per["clip_share"].append((clipped < plain) * KEEP[row])
            per["ratio_off"].append(abs(ratio - 1) * KEEP[row])
            per["entropy"].append(2.0 + row)
            per["kl_mean"].append(per["kl"][-1])
        for name, values in per.items():
            summed = normalisation != "response" and name in ("policy", "kl")
            sums[name] += sum(values) / (1 if summed else length)
    policy, kl = {"response": (2, 3), "dapo": (5, 6), "dr_grpo": (2 * 20, 3 * 20)}[normalisation]
    return {
        "loss": sums["policy"] / policy + 0.1 * sums["kl"] / kl,
        "policy_loss": sums["policy"] / policy,
        "clip_share": sums["clip_share"] / 2,
        "ratio_off": sums["ratio_off"] / 2,
        "entropy": sums["entropy"] / 3,
        "kl": sums["kl_mean"] / 3,
    }


@pytest.mark.parametrize("gap", [None, 0.1, 0.5])
@pytest.mark.parametrize("normalisation", ["response", "dapo", "dr_grpo"])
def test_the_loss_and_its_metrics_are_their_closed_forms(normalisation: str, gap: float | None) -> None:
    samples = [
        Sample([1], list(range(length)), OLD[row][:length], ADVANTAGES[row], KEEP[row])
        for row, length in enumerate(LENGTHS)
    ]
    batch = collate(samples, pad=0, device=torch.device("cpu"))
    keys: dict[str, Any] = {
        "normalisation": normalisation,
        "kl": 0.1,
        "clip_high": 0.28,
        "importance_cap": 1.3,
    }
    config = LossConfig(**keys)
    counts = Counts.of(samples, config, divide_by_all=False, max_new_tokens=20)
    gaps = None if gap is None else torch.full((3, 3), gap)
    entropy = torch.tensor([[2.0 + row] * 3 for row in range(3)])
    logps, frozen = torch.tensor(LOGPS), torch.tensor(FROZEN)
    loss, metrics = policy_loss(logps, frozen, entropy, batch, counts, config, gaps)
    found = {"loss": loss.item(), **{name: value.item() for name, value in metrics.items()}}
    assert found == pytest.approx(closed_form(normalisation, gap), rel=1e-5)


@pytest.mark.parametrize(
    ("normalisation", "kept", "both"), [("response", 3, 4), ("dapo", 12, 13), ("dr_grpo", 60, 80)]
)
def test_counts_are_of_the_whole_step_and_never_0(normalisation: str, kept: int, both: int) -> None:
    config = LossConfig.model_validate({"normalisation": normalisation, "kl": 0})
    ours = Counts.of(SAMPLES, config, divide_by_all=False, max_new_tokens=20)
    theirs = Counts.of(SAMPLES, config, divide_by_all=True, max_new_tokens=20)
    assert (ours, theirs) == (Counts(3, 3, kept, both), Counts(4, 3, both, both))
    dropped = [replace(SAMPLES[0], keep=False)]
    assert Counts.of(dropped, config, divide_by_all=False, max_new_tokens=20).kept == 1
    assert Counts.of([], config, divide_by_all=False, max_new_tokens=20) == Counts(1, 0, 1, 1)


def test_the_entropy_bonus_makes_the_policy_less_decided(tiny: Model) -> None:
    """Its gradient is that of the mean entropy of the kept responses, computed plainly."""
    config = LossConfig(kl=0.0, entropy=0.5)
    samples = [replace(s, advantage=0.0) for s in SAMPLES]
    assert learned(samples, config) == [s for s in samples if s.keep]
    counts = Counts.of(samples, config, divide_by_all=False, max_new_tokens=20)
    batch = collate(samples, pad=0, device=tiny.device)
    tiny.net.zero_grad()
    logps, entropy = token_logps_and_entropy(tiny, batch, bonus=True)
    policy_loss(logps, None, entropy, batch, counts, config)[0].backward()
    found = [p.grad.clone() for p in tiny.net.parameters() if p.grad is not None]
    tiny.net.zero_grad()
    kept = [s for s in samples if s.keep]
    for s in kept:
        logits = tiny.net(torch.tensor([s.prompt_ids + s.ids])).logits[0, len(s.prompt_ids) - 1 : -1]
        plain = torch.distributions.Categorical(logits=logits).entropy().mean()
        (-0.5 * plain / len(kept)).backward()
    expected = [p.grad for p in tiny.net.parameters() if p.grad is not None]
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-3)
