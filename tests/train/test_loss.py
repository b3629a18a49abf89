"""The loss over micro-batches: additive, blind to padding, and with no trace of what was dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from raif.config.train import LossConfig
from raif.train.batch import Sample, collate, micro_batches
from raif.train.loss import Counts, cloning_loss, policy_loss
from raif.train.model import Model
from raif.train.policy import token_logps, token_logps_and_entropy

SAMPLES = [
    Sample([5, 6, 7], [10, 11, 12, 13], [-5.0, -5.5, -5.2, -6.0], 1.0, True),
    Sample([5], [20, 21], [-5.1, -5.9], -0.5, True),
    Sample([8, 9], [30], [-5.4], 2.0, False),
    Sample([8, 9, 10, 11, 12], [40, 41, 42, 43, 44, 45], [-5.0] * 6, 0.3, True),
]


def gradient(
    model: Model, samples: Sequence[Sample], size: int, *, kl: float = 0.0, divide_by_all: bool = False
) -> Tensor:
    """The gradient of one optimiser step, all weights in one vector."""
    model.net.zero_grad()
    counts = Counts.of(samples, divide_by_all=divide_by_all)
    for _, batch in micro_batches(samples, size, pad=0, device=model.device):
        logps, entropy = token_logps_and_entropy(model, batch)
        loss, _ = policy_loss(logps, torch.full_like(logps, -5.0), entropy, batch, counts, LossConfig(kl=kl))
        loss.backward()
    return torch.cat([p.grad.flatten() for p in model.net.parameters() if p.grad is not None])


@pytest.mark.parametrize("size", [1, 2, 3])
def test_micro_batches_add_up_to_the_batch(tiny: Model, size: int) -> None:
    whole = gradient(tiny, SAMPLES, 4, kl=0.1).clone()
    torch.testing.assert_close(gradient(tiny, SAMPLES, size, kl=0.1), whole, atol=1e-6, rtol=1e-4)


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


def test_only_the_response_tokens_reach_the_output_head(tiny: Model) -> None:
    seen: list[int] = []
    tiny.net.lm_head.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].shape[0]))
    with torch.no_grad():
        token_logps(tiny, collate(SAMPLES, pad=0, device=tiny.device))
    assert seen == [sum(len(s.ids) for s in SAMPLES)]


def test_entropy_of_a_uniform_model_is_the_log_of_its_vocabulary(tiny: Model) -> None:
    with torch.no_grad():
        tiny.net.lm_head.weight.zero_()
        _, entropy = token_logps_and_entropy(tiny, collate(SAMPLES, pad=0, device=tiny.device))
    vocabulary = tiny.net.config.vocab_size
    assert entropy[0].tolist()[:4] == pytest.approx([torch.log(torch.tensor(float(vocabulary))).item()] * 4)


def test_cloning_is_the_mean_over_all_expert_tokens() -> None:
    logps, mask = torch.tensor([[-1.0, -2.0], [-6.0, 9.9]]), torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    assert cloning_loss(logps, mask, 3).item() == pytest.approx(3.0)
