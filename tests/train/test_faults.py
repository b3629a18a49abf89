"""The fault table of docs/faults.md: what was injected, what the user sees, the exit code, what is left."""

from __future__ import annotations

import json
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs raif[train]")

from raif.config.train import TrainConfig  # noqa: E402
from raif.errors import ConfigError, NothingJudged, RaifError, UnhealthyRun  # noqa: E402
from raif.files.runs import open_run  # noqa: E402
from raif.models.load import load  # noqa: E402
from raif.train.checkpoint import Progress, checkpoints, newest_whole, save_checkpoint  # noqa: E402
from raif.train.ranks import ALONE  # noqa: E402
from tests.train.test_checkpoint import learner  # noqa: E402
from tests.train.test_doctor import run  # noqa: E402
from tests.train.test_loop import trainer  # noqa: E402


def two_checkpoints(model: Path, folder: Path) -> Path:
    found = learner(model)
    for step in (1, 2):
        save_checkpoint(folder, found, Progress(step=step), keep=2)
    return folder / "step-000002"


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


DAMAGES: list[tuple[str, Callable[[Path], object], str]] = [
    ("model-00001-of-00001.safetensors", truncate, "bytes of"),
    ("optimizer-00001-of-00001.safetensors", flip, "has other contents than were written"),
    ("progress.json", lambda path: path.write_text(""), "0 bytes of"),
    ("rng.pt", Path.unlink, "is missing"),
    ("files.json", lambda path: path.write_text("{"), "can't be read"),
]


@pytest.mark.parametrize(("name", "damage", "why"), DAMAGES)
def test_a_damaged_checkpoint_is_named_and_the_one_before_is_taken(
    tiny_folder: Path, tmp_path: Path, name: str, damage: Callable[[Path], object], why: str
) -> None:
    newest = two_checkpoints(tiny_folder, tmp_path)
    damage(newest / name)
    said: list[str] = []
    assert newest_whole(tmp_path, ALONE, said.append) == tmp_path / "step-000001"
    assert name in said[0]
    assert why in said[0]
    assert (tmp_path / "damaged-step-000002").is_dir()
    assert checkpoints(tmp_path) == [tmp_path / "step-000001"]


@pytest.mark.parametrize("name", ["model-00001-of-00001.safetensors", "rng.pt", "progress.json"])
def test_a_checkpoint_of_an_earlier_version_is_checked_as_far_as_it_can_be(
    tiny_folder: Path, tmp_path: Path, name: str
) -> None:
    newest = two_checkpoints(tiny_folder, tmp_path)
    (newest / "files.json").unlink()
    assert newest_whole(tmp_path, ALONE, print) == newest
    truncate(newest / name)
    assert newest_whole(tmp_path, ALONE, print) == tmp_path / "step-000001"


def test_if_all_are_damaged_nothing_is_started_anew(tiny_folder: Path, tmp_path: Path) -> None:
    two_checkpoints(tiny_folder, tmp_path)
    for found in checkpoints(tmp_path):
        (found / "rng.pt").unlink()
    with pytest.raises(RaifError, match=r"step-000001 is damaged: rng.pt is missing"):
        newest_whole(tmp_path, ALONE, print)
    assert len(checkpoints(tmp_path)) == 2


def test_weights_that_are_not_finite_are_never_saved(tiny_folder: Path, tmp_path: Path) -> None:
    two_checkpoints(tiny_folder, tmp_path)
    found = learner(tiny_folder)
    next(iter(found.policy.net.parameters())).data[0, 0] = torch.nan
    with pytest.raises(UnhealthyRun, match="weights are not finite after step 3"):
        save_checkpoint(tmp_path, found, Progress(step=3), keep=2)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-000001", "step-000002"]


def test_a_full_disk_leaves_the_earlier_checkpoints(tiny_folder: Path, tmp_path: Path) -> None:
    two_checkpoints(tiny_folder, tmp_path)
    found, limit = learner(tiny_folder), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limit[1]))
    try:
        with pytest.raises(RaifError, match=r"can't be written: .*File too large") as caught:
            save_checkpoint(tmp_path, found, Progress(step=3), keep=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert "continues from step-000002" in caught.value.hint
    assert [path.name for path in checkpoints(tmp_path)] == ["step-000001", "step-000002"]
    assert not (tmp_path / "unfinished").exists()


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "chat_template.jinja"])
def test_a_model_that_can_not_be_written_is_named(tiny_folder: Path, tmp_path: Path, name: str) -> None:
    """Each file is written by another library, with errors of its own."""
    (tmp_path / name).mkdir()
    with pytest.raises(RaifError, match=f"^{tmp_path} can't be written: "):
        learner(tiny_folder).export(tmp_path, "a template")


def changed(key: str, value: object) -> Callable[[Path], object]:
    return lambda path: path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))


@pytest.mark.parametrize(
    ("name", "damage", "keys", "said"),
    [
        (
            "model.safetensors",
            truncate,
            {},
            r"no model could be loaded.*\n.*copy or download the model again",
        ),
        ("tokenizer.json", truncate, {}, "no model could be loaded"),
        ("config.json", changed("num_hidden_layers", 3), {}, "9 weights that its config names are missing"),
        ("config.json", changed("hidden_size", 64), {}, "no model could be loaded"),
        ("config.json", changed("hidden_size", "x"), {}, "no model could be loaded"),
        ("config.json", changed("seen", True), {"attention": "flash"}, "model.attention: flash: "),
        ("config.json", changed("seen", True), {"device": "cuda"}, "can't be loaded to cuda"),
    ],
)
def test_a_model_that_can_not_be_loaded_is_named(
    tiny_folder: Path,
    tmp_path: Path,
    name: str,
    damage: Callable[[Path], object],
    keys: dict[str, str],
    said: str,
) -> None:
    if keys.get("device") == "cuda" and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    shutil.copytree(tiny_folder, tmp_path / "model")
    damage(tmp_path / "model" / name)
    with pytest.raises(RaifError, match=said):
        load(str(tmp_path / "model"), dtype=torch.float32, **{"device": "cpu", **keys})


def test_a_step_without_a_verdict_ends_with_a_checkpoint(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going, _ = run(tmp_path, tiny_folder, strict=False)
    whole, calls = going.trainer._sample, []

    def sample(number: int) -> object:
        calls.append(number)
        if len(calls) == 2:
            raise NothingJudged("no response could be judged: it crashed", "Fix it.")
        return whole(number)

    monkeypatch.setattr(going.trainer, "_sample", sample)
    with pytest.raises(NothingJudged, match="no response could be judged") as caught:
        going.go()
    assert "saved up to step 1" in caught.value.hint
    assert [path.name for path in checkpoints(tmp_path / "checkpoints")] == ["step-000001"]


def test_a_failed_start_leaves_its_folder_usable(tmp_path: Path) -> None:
    config, other = TrainConfig(), TrainConfig(seed=1)
    open_run(tmp_path / "run", config)
    (tmp_path / "run" / "data").mkdir()
    (tmp_path / "run" / "data" / "card.md").write_text("of the first config")
    with pytest.raises(ConfigError, match="already holds a run"):
        open_run(tmp_path / "run", other)
    open_run(tmp_path / "run", other, remade=["data"])
    assert not (tmp_path / "run" / "data").exists()
    open_run(tmp_path / "run", config)
    mine = tmp_path / "mine" / "data"
    mine.mkdir(parents=True)
    with pytest.raises(ConfigError):
        open_run(tmp_path / "mine", config, remade=["data"])
    assert mine.exists()


def test_expert_answers_are_cut_at_their_limit(tiny_folder: Path) -> None:
    t = trainer(tiny_folder, cloning={"batch": 2, "warmup_steps": 1})
    seen: list[int] = []
    update = t.learner.update

    def noted(samples: object, frozen: object, clones: list[object], lr: float, **rest: bool) -> object:
        seen.extend(len(clone) for clone in clones)  # type: ignore[arg-type]
        return update([], [], clones, lr)  # type: ignore[arg-type]

    t.learner.update = noted  # type: ignore[method-assign, assignment]
    with pytest.raises(ValueError, match="leaves no room"):
        trainer(tiny_folder, data={"max_prompt_tokens": 41}, cloning={"max_tokens": 41})
    prompt = max(len(t.chat.prompt(r.messages, "thinking")) for r in t.feed.experts)
    object.__setattr__(t.config.cloning, "max_tokens", prompt + 3)
    assert t.clone_step().metrics["cut_share"] == 1
    assert max(seen) == prompt + 3
