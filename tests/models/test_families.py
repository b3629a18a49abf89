"""Architectures that scale, cap or window differently: our log-probabilities are those of their own code."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs raif[train]")

from raif.models.attention import suitable  # noqa: E402
from raif.models.decode import decode  # noqa: E402
from raif.models.load import Model, load, recomputing  # noqa: E402
from raif.train.logps import Sample, collate, token_logps, token_logps_and_entropy  # noqa: E402
from tests.models.families import FAMILIES, make  # noqa: E402

TOLERANCE = 1e-4


@pytest.fixture(scope="module", params=list(FAMILIES))
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = make(request.param, tmp_path_factory.mktemp(request.param))
    return load(str(folder), dtype=torch.float32, device="cpu")


def plain(model: Model, prompt: list[int], ids: list[int]) -> torch.Tensor:
    """The tokens' log-probabilities by the model's own forward pass and attention."""
    ours = model.net.config._attn_implementation
    model.net.set_attn_implementation("eager")
    with torch.inference_mode():
        logits = model.net(input_ids=torch.tensor([prompt + ids]), use_cache=False).logits[0].float()
    model.net.set_attn_implementation(ours)
    every = logits.log_softmax(-1)[len(prompt) - 1 : -1]
    return every.gather(1, torch.tensor(ids)[:, None]).squeeze(1)


@pytest.mark.parametrize("work", [token_logps, token_logps_and_entropy])
def test_training_computes_the_models_own_log_probabilities(model: Model, work: object) -> None:
    generator = torch.Generator().manual_seed(1)
    tokens = [torch.randint(0, 250, (n,), generator=generator).tolist() for n in (30, 12, 17, 25)]
    pairs = [(tokens[0], tokens[1]), (tokens[2], tokens[3])]
    batch = collate([Sample(p, ids, []) for p, ids in pairs], pad=model.pad_id, device=model.device)
    with recomputing(model.net):
        found = work(model, batch)  # type: ignore[operator]
    logps = found[0] if isinstance(found, tuple) else found
    for row, (prompt, ids) in enumerate(pairs):
        assert (logps[row, : len(ids)] - plain(model, prompt, ids)).abs().max() < TOLERANCE


def test_sampling_computes_the_models_own_log_probabilities(model: Model) -> None:
    prompts = [list(range(40, 60)), list(range(70, 79))]
    found = decode(model, prompts, [2, 2], max_new_tokens=24, temperature=1.0, seeds=[1, 2])
    for prompt, completions in zip(prompts, found, strict=True):
        for one in completions:
            assert (torch.tensor(one.logps) - plain(model, prompt, one.ids)).abs().max() < TOLERANCE


def test_a_gpu_leaves_nothing_out_of_attention(model: Model) -> None:
    """sdpa knows no cap on scores and no sinks."""
    ours, kind = model.net.config._attn_implementation, model.net.config.model_type
    chosen = suitable(model.net, on_gpu=True)
    model.net.set_attn_implementation(ours)
    assert chosen == ("eager" if kind in ("gemma2", "gpt_oss") else "sdpa")
