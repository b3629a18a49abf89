"""Chooses the sampler that a config asks for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from raif.config.train import TrainConfig
from raif.errors import require
from raif.models.load import Model, resolve
from raif.train.learner import Learner
from raif.train.logps import score
from raif.train.samplers.sampler import Checked, Overlapped, Sampler, TransformersSampler
from raif.train.samplers.transfer import DiskTransfer, Transfer, Weights


def choose_sampler(
    config: TrainConfig, learner: Learner, folder: Path, say: Callable[[str], None]
) -> Sampler:
    """`folder` is the run's. `say` is called with messages about servers that are waited for."""
    r, policy = config.rollout, learner.whole
    if r.engine == "transformers" or config.method == "sft":
        return TransformersSampler(
            policy, max_new_tokens=r.max_new_tokens, temperature=r.temperature, batch=r.batch
        )
    sampler = (
        _colocated(config, policy, learner.whole_weights, folder)
        if r.engine == "vllm"
        else _server(config, learner, folder, say)
    )
    scored = partial(score, policy, size=learner.size, tokens=learner.tokens, temperature=r.temperature)
    usual = 0.15 if config.model.compute == "bfloat16" else 0.005
    checked = Checked(sampler, scored, every=r.vllm.check_every, tolerance=r.vllm.tolerance or usual)
    return Overlapped(checked) if r.overlap else checked


def _colocated(config: TrainConfig, policy: Model, weights: Weights, folder: Path) -> Sampler:
    require("vllm", extra="vllm")
    from raif.train.samplers.colocated import ColocatedSampler

    needed = config.data.max_prompt_tokens + config.rollout.max_new_tokens
    return ColocatedSampler(
        resolve(config.model.path),
        weights,
        config.rollout,
        dtype=config.model.compute,
        end_ids=policy.end_ids,
        max_length=min(needed, policy.net.config.max_position_embeddings),
        on_cpu=policy.device.type == "cpu",
        folder=folder / "weights",
    )


def _server(config: TrainConfig, learner: Learner, folder: Path, say: Callable[[str], None]) -> Sampler:
    from raif.train.samplers.server import ServerSampler

    v, weights = config.rollout.vllm, learner.whole_weights
    transfer: Transfer
    if v.transfer == "disk":
        transfer = DiskTransfer(weights, v.folder or folder / "weights", timeout=v.sync_timeout)
    else:
        require("vllm", extra="vllm")
        from raif.train.samplers.nccl import NcclTransfer

        transfer = NcclTransfer(weights, v.nccl_address, timeout=v.sync_timeout)
    return ServerSampler(
        config.rollout, transfer, end_ids=learner.policy.end_ids, say=say, ranks=learner.ranks
    )
