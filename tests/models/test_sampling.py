"""Filters and penalties against their definitions, and drawing when rows want different things."""

from __future__ import annotations

import pytest
import torch

from raif.models.decode import pick
from raif.models.sampling import Sampling, chosen, filtered, penalized

SHARES = [0.4, 0.05, 0.25, 0.2, 0.1]
LOGITS = torch.tensor(SHARES).log()


def left(**way: float) -> list[int]:
    """The tokens that may still be drawn."""
    return torch.isfinite(filtered(LOGITS[None], Sampling(**way))[0]).nonzero().flatten().tolist()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ({"top_k": 2}, [0, 2]),
        ({"top_k": 9}, [0, 1, 2, 3, 4]),
        ({"top_p": 0.3}, [0]),
        ({"top_p": 0.41}, [0, 2]),
        ({"top_p": 0.84}, [0, 2, 3]),
        ({"top_p": 0.86}, [0, 2, 3, 4]),
        ({"min_p": 0.49}, [0, 2, 3]),
        ({"min_p": 1.0}, [0]),
        ({"top_k": 3, "top_p": 0.5}, [0, 2]),  # 0.4 of 0.85 is less than a half
        ({"min_p": 0.49, "top_k": 2}, [0, 2]),
        ({"min_p": 0.2, "temperature": 2.0}, [0, 1, 2, 3, 4]),  # flatter, so that 0.05 is in
        ({"min_p": 0.2}, [0, 2, 3, 4]),
    ],
)
def test_filters_leave_the_likeliest_tokens(way: dict[str, float], expected: list[int]) -> None:
    assert left(**way) == expected


def test_what_a_filter_leaves_keeps_its_proportions() -> None:
    rows = 20_000
    way = Sampling(top_k=2)
    chances = torch.rand(rows, generator=torch.Generator().manual_seed(0))
    found = torch.tensor(chosen(LOGITS.expand(rows, 5), [way] * rows, [([], [])] * rows, chances))
    shares = torch.bincount(found, minlength=5) / rows
    torch.testing.assert_close(shares, torch.tensor([0.4, 0, 0.25, 0, 0]) / 0.65, atol=0.015, rtol=0)


def test_a_chance_just_below_one_draws_no_token_that_was_filtered_out() -> None:
    almost = torch.nextafter(torch.ones(1), torch.zeros(1))
    for scale in torch.linspace(0.5, 3, 200):
        logits = torch.cat([torch.arange(4.0) * scale, torch.full((1,), float("-inf"))])[None]
        assert pick(logits, 1.0, almost)[0].item() == 3


def test_penalties_are_their_formulas() -> None:
    logits = torch.tensor([2.0, -2.0, 1.0, 0.5])
    way = Sampling(repetition_penalty=2.0, presence_penalty=0.25, frequency_penalty=0.5)
    found = penalized(logits, way, prompt=[0, 1], response=[2, 2])
    # 0 and 1 occur in the prompt, 2 twice in the response: 1 / 2 - 0.25 - 2 * 0.5
    assert found.tolist() == [1.0, -4.0, -0.75, 0.5]
    assert logits.tolist() == [2.0, -2.0, 1.0, 0.5]


def test_each_row_is_drawn_in_its_own_way() -> None:
    logits = LOGITS.expand(4, 5)
    ways = [
        Sampling(temperature=0),
        Sampling(),
        Sampling(temperature=0, presence_penalty=2.0),
        Sampling(top_k=1),
    ]
    texts: list[tuple[list[int], list[int]]] = [([], []), ([], []), ([], [0]), ([], [])]
    assert chosen(logits, ways, texts, torch.tensor([0.99] * 4)) == [0, 4, 2, 0]
