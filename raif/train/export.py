"""A whole model from any checkpoint: shards gathered, adapters merged, with the chat template of training."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch

from raif.config import load as load_config
from raif.config.train import TrainConfig
from raif.errors import ConfigError
from raif.files.runs import CONFIG_NAME
from raif.models.chat import Chat
from raif.models.load import load, save
from raif.train.checkpoint import damage, weights_of
from raif.train.optim.lora import add_adapters, merged
from raif.train.ranks import ALONE


def export(checkpoint: Path, folder: Path) -> None:
    """Write the model of a checkpoint into `folder`, as `model/` of a finished run is.

    Raises ConfigError if `checkpoint` is not a run's checkpoint, or if `folder` holds something already.
    """
    written = checkpoint.resolve().parent.parent / CONFIG_NAME
    if not (checkpoint / "progress.json").is_file() or not written.is_file():
        raise ConfigError(
            f"{checkpoint} is not a checkpoint of raif train", "Give RUN/checkpoints/step-N, inside its run."
        )
    if wrong := damage(checkpoint, ALONE):
        raise ConfigError(f"{checkpoint} is damaged: {wrong}", "Give another checkpoint of the run.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} already exists", "Give another --out.")
    config = load_config(TrainConfig, "train", file=written)
    model = load(config.model.path, dtype=getattr(torch, config.model.compute), device="cpu")
    if config.lora.rank:
        add_adapters(model.net, config.lora)
    with torch.no_grad():
        for name, weight in weights_of(checkpoint):
            model.net.get_parameter(name).copy_(weight)
    chat = Chat(model.tokenizer, config.model.style, config.model.format_request)
    try:
        save(model, folder, dict(merged(model.net)), template=chat.served_template())
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
