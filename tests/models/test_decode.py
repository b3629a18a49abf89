"""The decoder against transformers' own generation and against the trainer's log-probabilities."""

from __future__ import annotations

import pytest
import torch

from raif.models import decode as decoder
from raif.models.decode import TRIM_EVERY, decode, pick
from raif.models.load import Model
from raif.train.logps import Sample, score

PROMPTS = [[5, 6, 7], [8, 9, 10, 11, 12, 13], [14]]


def sampled(model: Model, **kwargs: object) -> list:  # type: ignore[type-arg]
    options = {
        "counts": [2, 2, 2],
        "max_new_tokens": 12,
        "temperature": 1.0,
        "seeds": [3, 4, 5],
    }
    return decode(model, PROMPTS, **{**options, **kwargs})  # type: ignore[arg-type]


def test_greedy_is_what_generate_gives_for_each_prompt_alone(tiny: Model) -> None:
    for prompt, completions in zip(PROMPTS, sampled(tiny, temperature=0), strict=True):
        alone = tiny.net.generate(torch.tensor([prompt]), max_new_tokens=12, do_sample=False)
        assert [c.ids for c in completions] == [alone[0, len(prompt) :].tolist()] * 2


def test_log_probabilities_are_the_trainers(tiny: Model) -> None:
    flat = [Sample(p, c.ids, c.logps) for p, cs in zip(PROMPTS, sampled(tiny), strict=True) for c in cs]
    for sample, logps in zip(flat, score(tiny, flat, size=2), strict=True):
        torch.testing.assert_close(torch.tensor(logps), torch.tensor(sample.old_logps), atol=1e-4, rtol=0)


def test_the_heap_is_trimmed_while_keys_get_longer(tiny: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    trims: list[None] = []
    monkeypatch.setattr(decoder, "trim", lambda: trims.append(None))
    [[completion]] = decode(tiny, [[5, 6]], [1], max_new_tokens=2 * TRIM_EVERY + 1, temperature=0.0)
    assert len(completion.ids) == 2 * TRIM_EVERY + 1
    assert len(trims) == 3


def test_rows_that_end_leave_the_others_as_they_are(tiny: Model) -> None:
    """Rows end at different times if many tokens of the vocabulary are end tokens."""
    many = decode(
        tiny,
        PROMPTS,
        counts=[16] * 3,
        max_new_tokens=20,
        temperature=1.0,
        seeds=[1, 2, 3],
    )
    tiny.net.generation_config.eos_token_id = list(range(64))
    told: list[int] = []
    cut = decode(
        tiny,
        PROMPTS,
        counts=[16] * 3,
        max_new_tokens=20,
        temperature=1.0,
        seeds=[1, 2, 3],
        ended=told.append,
    )
    flat = [Sample(p, c.ids, c.logps) for p, cs in zip(PROMPTS, cut, strict=True) for c in cs]
    assert len({len(s.ids) for s in flat}) > 3
    assert told == [sum(len(s.ids) <= n for s in flat) for n in range(1, max(len(s.ids) for s in flat) + 1)]
    assert all(c.truncated for cs in many for c in cs if tiny.tokenizer.eos_token_id not in c.ids)
    for sample, logps in zip(flat, score(tiny, flat, size=8), strict=True):
        torch.testing.assert_close(torch.tensor(logps), torch.tensor(sample.old_logps), atol=1e-4, rtol=0)


def test_a_response_ends_with_its_end_token_or_is_truncated(tiny: Model) -> None:
    tiny.net.generation_config.eos_token_id = list(range(128))
    for completion in (c for cs in sampled(tiny) for c in cs):
        assert completion.truncated != (completion.ids[-1] < 128)
        assert all(i >= 128 for i in completion.ids[:-1])


def test_each_prompt_has_as_many_completions_as_its_count_says(tiny: Model) -> None:
    assert [len(cs) for cs in sampled(tiny, counts=[1, 3, 2])] == [1, 3, 2]


def test_one_seed_samples_the_same_again(tiny: Model) -> None:
    assert [c.ids for cs in sampled(tiny) for c in cs] == [c.ids for cs in sampled(tiny) for c in cs]


def test_a_prompt_is_answered_alike_whatever_else_is_sampled(tiny: Model) -> None:
    together = sampled(tiny)
    for i, prompt in enumerate(PROMPTS):
        (alone,) = decode(tiny, [prompt], [2], max_new_tokens=12, temperature=1.0, seeds=[3 + i])
        assert [c.ids for c in alone] == [c.ids for c in together[i]]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_limit_of_its_own_is_all_that_an_answer_depends_on(tiny: Model, temperature: float) -> None:
    limits = [3, 12, 7]
    together = sampled(tiny, max_new_tokens=limits, temperature=temperature)
    assert [max(len(c.ids) for c in cs) for cs in together] == limits
    for i, (prompt, limit) in enumerate(zip(PROMPTS, limits, strict=True)):
        (alone,) = decode(tiny, [prompt], [2], max_new_tokens=limit, temperature=temperature, seeds=[3 + i])
        assert [c.ids for c in alone] == [c.ids for c in together[i]]
        assert all(c.truncated for c in alone if len(c.ids) == limit and c.ids[-1] not in tiny.end_ids)


def test_tokens_are_drawn_in_proportion_to_their_probability() -> None:
    probabilities = torch.tensor([0.5, 0.3, 0.2, 0.0])
    logits = probabilities.log().expand(20_000, 4)
    tokens, logps = pick(logits, 1.0, torch.rand(20_000, generator=torch.Generator().manual_seed(0)))
    shares = torch.bincount(tokens, minlength=4) / len(tokens)
    torch.testing.assert_close(shares, probabilities, atol=0.015, rtol=0)
    torch.testing.assert_close(logps, probabilities.log()[tokens])
