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
    config: TrainConfig, learner: Learner, folder: Path, say: Callable[[str], None], evaluated: int = 0
) -> Sampler:
    """`folder` is the run's. `say` is called with messages about servers that are waited for. `evaluated`:
    the most tokens that a prompt of the evaluation and its response can have.
    """
    r = config.rollout
    if r.engine == "transformers" or config.method == "sft":
        return TransformersSampler(
            learner.whole,
            max_new_tokens=r.max_new_tokens,
            temperature=r.temperatures or r.temperature,
            batch=r.batch,
        )
    sampler = (
        _colocated(config, learner.policy, learner.whole_weights, folder, evaluated)
        if r.engine == "vllm"
        else _server(config, learner, folder, say)
    )
    scored = partial(
        score,
        learner.policy,
        size=learner.size,
        tokens=learner.tokens,
        temperature=r.temperature,
        ranks=learner.ranks,
    )
    tolerance = r.vllm.tolerance or (0.15 if config.model.compute == "bfloat16" else 0.005)
    checked = Checked(sampler, scored, every=r.vllm.check_every, tolerance=tolerance, ranks=learner.ranks)
    return Overlapped(checked) if r.overlap else checked


def shortest_context(
    config: TrainConfig, policy: Model, say: Callable[[str], None]
) -> tuple[int | None, str]:
    """The most tokens that are read, of a prompt with its response, and by what: the model, or the rollout
    server that reads least. `say` is told which server is waited for.
    """
    found = [(policy.context, "the model")] if policy.context else []
    if config.rollout.engine == "vllm_server" and config.method == "grpo":
        from raif.train.samplers.server import contexts

        found += contexts(config.rollout, say)
    return min(found, default=(None, "the model"))


def _colocated(config: TrainConfig, policy: Model, weights: Weights, folder: Path, evaluated: int) -> Sampler:
    require("vllm", extra="vllm")
    from raif.train.samplers.colocated import ColocatedSampler

    needed = max(config.data.max_prompt_tokens + config.rollout.max_new_tokens, evaluated)
    return ColocatedSampler(
        resolve(config.model.path),
        weights,
        config.rollout,
        dtype=config.model.compute,
        end_ids=policy.end_ids,
        max_length=min(needed, policy.context or needed),
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

        transfer = NcclTransfer(weights, v.nccl_address, learner.policy.device, timeout=v.sync_timeout)
    return ServerSampler(
        config.rollout, transfer, end_ids=learner.policy.end_ids, say=say, ranks=learner.ranks
    )
