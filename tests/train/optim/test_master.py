"""Master weights: gradients are summed in float32, and leave the net as soon as they exist."""

from __future__ import annotations

import torch
from torch import nn

from raif.train.optim.optimizer import MasterWeights


def test_small_gradients_of_micro_batches_are_not_rounded_away() -> None:
    net = nn.Linear(1, 1, bias=False).bfloat16()
    (weight,) = MasterWeights(net).weights.values()
    for value in (1.0, 2**-10):
        net(torch.tensor([value]).bfloat16()).sum().backward()
    assert weight.grad is not None
    assert weight.grad.item() == 1 + 2**-10
    assert torch.tensor(1 + 2**-10).bfloat16() == 1


def test_the_nets_own_gradients_are_never_held_together() -> None:
    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 1)).bfloat16()
    held: list[int] = []
    for each in net.parameters():
        each.register_post_accumulate_grad_hook(
            lambda _: held.append(sum(p.grad is not None for p in net.parameters()))
        )
    MasterWeights(net)
    net(torch.ones(2, 4).bfloat16()).sum().backward()
    assert held == [1] * 6
    assert all(p.grad is None for p in net.parameters())


def test_a_float32_net_is_its_own_master() -> None:
    net = nn.Linear(2, 1)
    weights = MasterWeights(net).weights
    net(torch.ones(2)).sum().backward()
    assert [*weights.values()] == [*net.parameters()]
    assert all(p.grad is not None for p in net.parameters())
