"""`raif export`: the model of any checkpoint is the trained one, and is asked as in training."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch", reason="needs raif[train]")
pytest.importorskip("peft", reason="needs raif[lora]")

from raif.config import dump  # noqa: E402
from raif.config.train import TrainConfig  # noqa: E402
from raif.errors import ConfigError, RaifError  # noqa: E402
from raif.models import load as load_module  # noqa: E402
from raif.models.chat import Chat  # noqa: E402
from raif.models.load import load  # noqa: E402
from raif.train.checkpoint import Progress, save_checkpoint  # noqa: E402
from raif.train.export import export  # noqa: E402
from raif.train.learner import Learner  # noqa: E402
from raif.train.logps import Sample, score  # noqa: E402
from raif.types import Message  # noqa: E402
from raif_cli.main import app  # noqa: E402

SAMPLES = [Sample([5, 6, 7], [10, 11, 12, 13], []), Sample([5], [20, 30], [])]
USER = [Message(role="user", content="Hi")]


def saved(tiny_folder: Path, run: Path, **keys: Any) -> tuple[Learner, Chat, Path]:
    """A run's folder with a checkpoint of a trained model."""
    model = {"path": str(tiny_folder), "compute": "float32", "device": "cpu", "format_request": "Use tags."}
    config = TrainConfig.model_validate({"model": model, **keys})
    run.mkdir(exist_ok=True)
    (run / "config.yaml").write_text(dump(config), "utf-8")
    learner = Learner(config)
    learner.update([], [], SAMPLES, lr=1e-1)
    chat = Chat(learner.policy.tokenizer, "tagged", "Use tags.")
    template = chat.served_template()
    save_checkpoint(run / "checkpoints", learner, Progress(step=1), keep=1, template=template)
    return learner, chat, run / "checkpoints" / "step-000001"


@pytest.mark.parametrize("keys", [{}, {"lora": {"rank": 4, "alpha": 8}}], ids=["whole", "lora"])
def test_the_exported_model_is_the_trained_one(
    tiny_folder: Path, tmp_path: Path, keys: dict[str, Any]
) -> None:
    learner, chat, checkpoint = saved(tiny_folder, tmp_path, **keys)
    done = CliRunner().invoke(app, ["export", str(checkpoint)])
    assert done.output.strip() == str(tmp_path / "model-step-000001")
    model = load(str(tmp_path / "model-step-000001"), dtype=torch.float32, device="cpu")
    for found, expected in zip(
        score(model, SAMPLES, size=2), score(learner.policy, SAMPLES, size=2), strict=True
    ):
        assert found == pytest.approx(expected, abs=1e-5)
    assert Chat(model.tokenizer, "none").prompt(USER, "direct") == chat.prompt(USER, "thinking")


def test_a_checkpoint_is_asked_as_in_training(tiny_folder: Path, tmp_path: Path) -> None:
    _, chat, checkpoint = saved(tiny_folder, tmp_path)
    model = load(str(checkpoint), dtype=torch.float32, device="cpu")
    assert Chat(model.tokenizer, "none").prompt(USER, "direct") == chat.prompt(USER, "thinking")


def test_what_is_no_checkpoint_is_refused_and_nothing_is_replaced(tiny_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a checkpoint of raif train"):
        export(tiny_folder, tmp_path / "out")
    _, _, checkpoint = saved(tiny_folder, tmp_path)
    with pytest.raises(ConfigError, match="already exists"):
        export(checkpoint, tmp_path)


def test_a_damaged_checkpoint_is_not_exported(tiny_folder: Path, tmp_path: Path) -> None:
    _, _, checkpoint = saved(tiny_folder, tmp_path)
    file = checkpoint / "model-00001-of-00001.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ConfigError, match=r"is damaged: model-00001-of-00001\.safetensors has \d+ bytes of"):
        export(checkpoint, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_export_that_fails_leaves_nothing(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, checkpoint = saved(tiny_folder, tmp_path)

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(load_module, "save_tokenizer", fail)
    with pytest.raises(RaifError, match=r"out can't be written: .* No space left"):
        export(checkpoint, tmp_path / "out")
    assert not (tmp_path / "out").exists()
