"""Closed forms of the loss's mathematics."""

from __future__ import annotations

import math

import pytest
import torch

from raif.train.loss import advantages, clipped_surrogate, kl, response_mean, sequence_ratio, token_ratio


@pytest.mark.parametrize("value", [1.6, -3.0, 3.0, 0.1])
def test_a_group_of_equal_rewards_has_advantage_exactly_zero(value: float) -> None:
    assert advantages([value] * 8) == [0.0] * 8
    assert advantages([value] * 3) == [0.0] * 3  # three times 0.1 is not 0.3


def test_advantages_are_in_unbiased_standard_deviations_of_the_group() -> None:
    assert advantages([1.0, 3.0]) == pytest.approx([-1 / math.sqrt(2), 1 / math.sqrt(2)])


def test_advantages_add_up_to_zero() -> None:
    assert sum(advantages([3.0, -3.0, 1.5, 0.2, 0.2, 3.0, -1.0, 1.0])) == pytest.approx(0, abs=1e-12)


def test_the_gradient_on_policy_is_minus_the_advantage_over_the_length() -> None:
    logps = torch.tensor([[-1.0, -2.0, -0.5], [-0.3, -0.7, 0.0]], requires_grad=True)
    mask = torch.tensor([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]])
    ratio = token_ratio(logps, logps.detach())
    loss, _ = clipped_surrogate(ratio, torch.tensor([1.5, -0.5]), 0.2, 0.2)
    response_mean(loss, mask).sum().backward()
    assert logps.grad is not None
    expected = torch.tensor([[-0.5, -0.5, -0.5], [0.25, 0.25, 0.0]])
    torch.testing.assert_close(logps.grad, expected)


def test_the_clip_takes_the_gradient_only_where_the_step_goes_too_far() -> None:
    old = torch.zeros(4, 1)
    logps = torch.log(torch.tensor([[1.5], [1.5], [0.5], [0.5]])).requires_grad_()
    advantage = torch.tensor([1.0, -1.0, 1.0, -1.0])
    loss, clipped = clipped_surrogate(token_ratio(logps, old), advantage, 0.2, 0.2)
    loss.sum().backward()
    assert logps.grad is not None
    assert clipped.squeeze(1).tolist() == [True, False, False, True]
    assert (logps.grad.squeeze(1) == 0).tolist() == [True, False, False, True]


def test_k3_is_zero_on_the_reference_and_its_closed_form_elsewhere() -> None:
    assert kl(torch.tensor([-1.0]), torch.tensor([-1.0]), "k3").item() == 0
    assert kl(torch.tensor([-1.0]), torch.tensor([-3.0]), "k3").item() == pytest.approx(math.exp(-2) - 1 + 2)


def test_k1_is_the_log_ratio_and_k2_half_its_square() -> None:
    logps, ref = torch.tensor([-1.0, -3.0]), torch.tensor([-3.0, -1.0])
    assert kl(logps, ref, "k1").tolist() == [2.0, -2.0]
    assert kl(logps, ref, "k2").tolist() == [2.0, 2.0]


def test_k1_and_k3_agree_in_expectation_with_the_kl() -> None:
    policy, ref = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.2, 0.2, 0.6])
    exact = (policy * (policy / ref).log()).sum()
    for estimator in ("k1", "k3"):
        mean = (policy * kl(policy.log(), ref.log(), estimator)).sum()
        torch.testing.assert_close(mean, exact)


def test_the_expected_gradient_is_the_kls_own_for_k2_and_none_for_k1() -> None:
    ref = torch.tensor([0.2, 0.2, 0.6]).log()
    logits = torch.tensor([0.3, -0.2, 0.1], requires_grad=True)
    logps = torch.log_softmax(logits, 0)
    (exact,) = torch.autograd.grad((logps.exp() * (logps - ref)).sum(), logits, retain_graph=True)
    weights = logps.exp().detach()
    k1, k2 = (
        torch.autograd.grad((weights * kl(logps, ref, estimator)).sum(), logits, retain_graph=True)[0]
        for estimator in ("k1", "k2")
    )
    torch.testing.assert_close(k1, torch.zeros(3), atol=1e-7, rtol=0)
    torch.testing.assert_close(k2, exact)


def test_unscaled_advantages_are_the_distance_from_the_mean() -> None:
    assert advantages([1.0, 3.0, 2.0], scaled=False) == [-1.0, 1.0, 0.0]
    assert advantages([1.6] * 8, scaled=False) == [0.0] * 8


def test_a_higher_upper_clip_lets_likely_tokens_rise_further() -> None:
    ratio = torch.tensor([[1.25], [1.25], [0.75]])
    advantage = torch.tensor([1.0, -1.0, -1.0])
    _, symmetric = clipped_surrogate(ratio, advantage, 0.2, 0.2)
    _, higher = clipped_surrogate(ratio, advantage, 0.2, 0.28)
    assert symmetric.squeeze(1).tolist() == [True, False, True]
    assert higher.squeeze(1).tolist() == [False, False, True]


def test_the_sequence_ratio_is_the_geometric_mean_of_the_token_ratios() -> None:
    logps, old = torch.log(torch.tensor([[4.0, 1.0, 7.0]])), torch.zeros(1, 3)
    ratio = sequence_ratio(logps, old, torch.tensor([[1.0, 1.0, 0.0]]))
    torch.testing.assert_close(ratio, torch.full((1, 3), 2.0))
    old = torch.log(torch.tensor([[0.5, 0.5, 9.0]]))
    ratio = sequence_ratio(logps, old, torch.tensor([[1.0, 1.0, 0.0]]))
    torch.testing.assert_close(ratio, torch.full((1, 3), 4.0))


def test_the_gradient_of_the_sequence_ratio_is_gspos() -> None:
    """s x A x the mean of the tokens' gradients, each token alike whatever its own ratio."""
    logps = torch.tensor([[0.1, -0.3, 0.0], [0.05, 0.05, 0.2]], requires_grad=True)
    mask = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    advantage = torch.tensor([2.0, -1.0])
    ratio = sequence_ratio(logps, torch.zeros(2, 3), mask)
    loss, _ = clipped_surrogate(ratio, advantage, 0.5, 0.5)
    response_mean(loss, mask).sum().backward()
    s = [math.exp(-0.1), math.exp(0.1)]
    expected = torch.tensor([[-s[0], -s[0], 0.0], [s[1] / 3] * 3])
    torch.testing.assert_close(logps.grad, expected)


def test_a_clipped_sequence_takes_the_gradient_of_all_its_tokens() -> None:
    logps = torch.tensor([[0.9, 0.0, 0.0]], requires_grad=True)
    mask = torch.ones(1, 3)
    ratio = sequence_ratio(logps, torch.zeros(1, 3), mask)
    loss, clipped = clipped_surrogate(ratio, torch.tensor([1.0]), 0.2, 0.2)
    response_mean(loss, mask).sum().backward()
    assert clipped.all()
    assert logps.grad is not None
    assert (logps.grad == 0).all()


def test_padding_changes_no_mean() -> None:
    values = torch.tensor([[1.0, 2.0, 99.0]])
    assert response_mean(values, torch.tensor([[1.0, 1.0, 0.0]])).item() == 1.5
