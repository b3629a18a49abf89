"""The output head."""

from __future__ import annotations

import pytest
import torch

from raif.models import head
from raif.models.load import Model


@pytest.mark.parametrize("held", [True, False])
def test_a_head_trims_the_heap_where_activations_are_held(
    held: bool, tiny: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    trims: list[None] = []
    monkeypatch.setattr(head, "trim", lambda: trims.append(None))
    states = torch.ones(3, tiny.net.config.hidden_size, requires_grad=held)
    head.Head(tiny.net)(lambda logits_of, part, _: (logits_of(part)[:, 0],), states, torch.zeros(3))
    assert len(trims) == held
