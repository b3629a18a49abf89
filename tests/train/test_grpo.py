"""Closed forms of the loss's mathematics."""

from __future__ import annotations

import math

import pytest
import torch

from raif.train.grpo import advantages, clipped_surrogate, k3, response_mean


@pytest.mark.parametrize("value", [1.6, -3.0, 3.0, 0.1])
def test_a_group_of_equal_rewards_has_advantage_exactly_zero(value: float) -> None:
    assert advantages([value] * 8) == [0.0] * 8


def test_advantages_are_in_unbiased_standard_deviations_of_the_group() -> None:
    assert advantages([1.0, 3.0]) == pytest.approx([-1 / math.sqrt(2), 1 / math.sqrt(2)])


def test_advantages_add_up_to_zero() -> None:
    assert sum(advantages([3.0, -3.0, 1.5, 0.2, 0.2, 3.0, -1.0, 1.0])) == pytest.approx(0, abs=1e-12)


def test_the_gradient_on_policy_is_minus_the_advantage_over_the_length() -> None:
    logps = torch.tensor([[-1.0, -2.0, -0.5], [-0.3, -0.7, 0.0]], requires_grad=True)
    mask = torch.tensor([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]])
    loss, _ = clipped_surrogate(logps, logps.detach(), torch.tensor([1.5, -0.5]), 0.2)
    response_mean(loss, mask).sum().backward()
    assert logps.grad is not None
    expected = torch.tensor([[-0.5, -0.5, -0.5], [0.25, 0.25, 0.0]])
    torch.testing.assert_close(logps.grad, expected)


def test_the_clip_takes_the_gradient_only_where_the_step_goes_too_far() -> None:
    old = torch.zeros(4, 1)
    logps = torch.log(torch.tensor([[1.5], [1.5], [0.5], [0.5]])).requires_grad_()
    advantage = torch.tensor([1.0, -1.0, 1.0, -1.0])
    loss, clipped = clipped_surrogate(logps, old, advantage, 0.2)
    loss.sum().backward()
    assert logps.grad is not None
    assert clipped.squeeze(1).tolist() == [True, False, False, True]
    assert (logps.grad.squeeze(1) == 0).tolist() == [True, False, False, True]


def test_k3_is_zero_on_the_reference_and_its_closed_form_elsewhere() -> None:
    assert k3(torch.tensor([-1.0]), torch.tensor([-1.0])).item() == 0
    assert k3(torch.tensor([-1.0]), torch.tensor([-3.0])).item() == pytest.approx(math.exp(-2) - 1 + 2)


def test_padding_changes_no_mean() -> None:
    values = torch.tensor([[1.0, 2.0, 99.0]])
    assert response_mean(values, torch.tensor([[1.0, 1.0, 0.0]])).item() == 1.5
