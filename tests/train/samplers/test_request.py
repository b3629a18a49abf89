"""Requests and their seeds, weights as vLLM takes them, and what a server has to be started with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from raif.config.rollout import RolloutConfig
from raif.models.load import Model
from raif.train.optim.lora import merged
from raif.train.samplers.sampler import requests, vllm_parameters
from raif.train.samplers.transfer import write_weights
from tests.train.samplers.conftest import NEEDS_VLLM


def test_no_two_responses_share_their_random_numbers() -> None:
    """vLLM counts up from a prompt's seed for its responses."""
    steps = (0, 1 << 40)
    seeds = [r.seed + k for step in steps for r in requests([[1]] * 40, [8] * 40, step) for k in range(8)]
    assert len(set(seeds)) == len(seeds)


def test_ranks_that_share_the_prompts_ask_as_one_would() -> None:
    prompts, counts = [[1], [2], [3]], [4, 2, 4]
    assert requests(prompts, counts, 7) == [
        *requests(prompts[:1], counts[:1], 7),
        *requests(prompts[1:], counts[1:], 8),
    ]


def test_a_request_is_the_same_whenever_it_is_made() -> None:
    assert requests([[1], [2]], [3, 1], 5) == requests([[1], [2]], [3, 1], 5)


def test_a_tied_head_is_sent_once(tiny: Model) -> None:
    names = dict(merged(tiny.net))
    assert "model.embed_tokens.weight" in names
    assert "lm_head.weight" not in names


def test_weights_arrive_whole(tiny: Model, tmp_path: Path) -> None:
    file = tmp_path / "new" / "weights.safetensors"
    write_weights(dict(merged(tiny.net)), file)
    found = load_file(file)
    assert found.keys() == dict(merged(tiny.net)).keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in dict(merged(tiny.net)).items())
    assert list(file.parent.iterdir()) == [file]


def test_a_servers_flags_are_read_without_torch_or_vllm() -> None:
    code = (
        "import sys, raif.serve.backends as f, raif.train.samplers.plugin\n"
        "print('raif_disk' in ' '.join(f.rollout_arguments()), *{'torch', 'vllm'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "True"


def test_servers_need_addresses() -> None:
    with pytest.raises(ValueError, match=r"vllm\.urls"):
        RolloutConfig(engine="vllm_server")


@pytest.mark.vllm
@NEEDS_VLLM
def test_vllm_knows_every_parameter() -> None:
    from vllm import SamplingParams

    (request,) = requests([[1]], [2], 0)
    SamplingParams(**vllm_parameters(request, RolloutConfig(), {3}))
