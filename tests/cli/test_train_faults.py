"""The fault table of docs/faults.md from the outside: what the user sees, the exit code, what is on disk."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

torch = pytest.importorskip("torch", reason="needs raif[train]")

from raif.train.learner import Learner  # noqa: E402
from raif.train.samplers.sampler import TransformersSampler  # noqa: E402
from raif.verdicts.reward import Attempt  # noqa: E402
from raif_cli.main import run  # noqa: E402
from tests.train.test_loop import instruction  # noqa: E402

CALLS: list[int] = []


class Place(NamedTuple):
    """A folder with records, a model and room for a run, and what calls `raif train` there."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]

    @property
    def out(self) -> Path:
        return self.folder / "run"

    def train(self, *keys: str, options: Sequence[str] = (), out: Path | None = None) -> tuple[int, str]:
        """The exit code, and what was said."""
        base = [
            f"model={{path: {self.folder}/model, device: cpu, compute: float32}}",
            f"data.train={self.folder}/train.jsonl",
            "rollout={prompts: 1, group_size: 4, max_new_tokens: 4}",
            "optimizer.batch=4",
            "cloning.batch=1",
            "checkpoint.every=1",
            "evaluation.prompts=0",
            "steps=3",
        ]
        overrides = [part for key in (*base, *keys) for part in ("--set", key)]
        given = ["raif", "train", *overrides, "--out", str(out or self.out), *options]
        self.monkeypatch.setattr(sys, "argv", given)
        try:
            run()
        except SystemExit as left:
            return int(left.code or 0), self.capture.readouterr().err
        return 0, self.capture.readouterr().err

    def checkpoints(self) -> list[str]:
        return sorted(path.name for path in (self.out / "checkpoints").glob("*step-*"))

    def before(self, owner: Any, name: str, work: Callable[[int], object]) -> None:
        """Do `work(n)` before the n-th call of a method."""
        whole, calls = getattr(owner, name), [0]

        def called(*args: Any, **keys: Any) -> Any:
            calls[0] += 1
            work(calls[0])
            return whole(*args, **keys)

        self.monkeypatch.setattr(owner, name, called)


@pytest.fixture
def place(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Place:
    shutil.copytree(tiny_folder, tmp_path / "model")
    (tmp_path / "train.jsonl").write_text("".join(instruction(n).model_dump_json() + "\n" for n in range(5)))
    CALLS.clear()
    return Place(tmp_path, monkeypatch, capsys)


def test_gradients_that_are_not_finite_stop_a_run_and_leave_its_checkpoints(place: Place) -> None:
    place.monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda *_: torch.tensor(torch.nan))
    code, said = place.train()
    assert (code, place.checkpoints()) == (4, ["step-000001", "step-000002"])
    assert "updates are not finite" in said
    assert "grad_norm not finite in 3 updates in a row" in said
    lines = (place.out / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["grad_norm"] for line in lines] == [None, None]


def test_a_weight_that_is_not_finite_is_not_saved(place: Place) -> None:
    whole = Learner.update

    def spoil(self: Learner, *args: Any, **keys: Any) -> Any:
        found = whole(self, *args, **keys)
        next(iter(self.policy.net.parameters())).data[0, 0] = torch.nan
        return found

    place.monkeypatch.setattr(Learner, "update", spoil)
    code, said = place.train()
    assert (code, place.checkpoints()) == (4, [])
    assert "weights are not finite after step 1: model.embed_tokens.weight" in said


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("optimizer.lr=.inf", "optimizer.lr: Input should be a finite number"),
        ("evaluation.every=1", "evaluation.every: there is nothing to measure"),
        ("evaluation={every: 1, benchmarks: [ifeval], best: heldout/constraints}", "needs held-out prompts"),
    ],
)
def test_a_key_that_can_not_be_used_leaves_nothing(place: Place, key: str, said: str) -> None:
    code, shown = place.train(key)
    assert (code, said in shown, place.out.exists()) == (2, True, False)


def test_a_damaged_checkpoint_is_set_aside_and_the_run_goes_on(place: Place) -> None:
    assert place.train("steps=2")[0] == 0
    (place.out / "checkpoints" / "step-000002" / "progress.json").write_text("")
    code, said = place.train(options=["--resume"])
    assert code == 0
    assert "renamed to damaged-step-000002, and step-000001 is taken" in said
    assert place.checkpoints() == ["damaged-step-000002", "step-000002", "step-000003"]


def test_if_all_are_damaged_everything_stays_as_it_was(place: Place) -> None:
    assert place.train("steps=2")[0] == 0
    for number in (1, 2):
        (place.out / "checkpoints" / f"step-00000{number}" / "rng.pt").unlink()
    code, said = place.train(options=["--resume"])
    assert (code, place.checkpoints()) == (2, ["step-000001", "step-000002"])
    assert all(f"step-00000{number} is damaged: rng.pt is missing" in said for number in (1, 2))


@pytest.mark.parametrize(
    ("number", "name", "code"),
    [(signal.SIGTERM, "SIGTERM", 143), (signal.SIGUSR1, "SIGUSR1", 143), (signal.SIGINT, "Ctrl-C", 130)],
)
@pytest.mark.parametrize(
    ("owner", "method", "done"), [(TransformersSampler, "sample", 1), (Learner, "update", 2)]
)
def test_a_signal_gives_the_step_up_while_it_samples_and_ends_it_once_weights_change(
    place: Place, number: int, name: str, code: int, owner: Any, method: str, done: int
) -> None:
    place.before(owner, method, lambda n: os.kill(os.getpid(), number) if n == 2 else None)
    found, said = place.train()
    assert found == code
    assert f"Stopped by {name}, after step {done}; saved in {place.out}/checkpoints. To resume: " in said
    assert place.checkpoints()[-1] == f"step-00000{done}"


def test_a_second_interrupt_does_not_wait(place: Place) -> None:
    def twice(n: int) -> None:
        for _ in range(2 * (n == 2)):
            os.kill(os.getpid(), signal.SIGINT)

    place.before(Learner, "update", twice)
    code, said = place.train()
    assert (code, place.checkpoints()) == (130, ["step-000001"])
    assert said.endswith("Interrupted\n")


def test_the_end_of_its_time_stops_a_run_with_a_checkpoint(place: Place) -> None:
    code, said = place.train("steps=5000", options=["--max-hours", "0.0005"])
    assert code == 5
    assert "Stopped by --max-hours 0.0005, after step " in said
    assert int(place.checkpoints()[-1].removeprefix("step-")) == len(
        (place.out / "metrics.jsonl").read_text().splitlines()
    )


@pytest.mark.parametrize(("most", "named"), [(100, "config.yaml"), (9000, "checkpoints can't be written")])
def test_a_full_disk_is_named_with_what_does_not_fit(place: Place, most: int, named: str) -> None:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, limit[1]))
    try:
        code, said = place.train()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert (code, "Traceback" in said, place.checkpoints()) == (2, False, [])
    assert named in said
    assert "File too large" in said


def misbehave(attempts: Sequence[Attempt]) -> Any:
    """A reward that goes wrong in the second step, in the way that `HOW` says."""
    CALLS.append(len(attempts))
    return [1.0] * len(attempts) if len(CALLS) == 1 else HOW()


def HOW() -> Any:
    """Patched by each test."""


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ([None] * 4, "no response could be judged"),
        ([1.0], "returned 1 values for 4 responses, on record '"),
        ("1", "which is no list"),
        (SystemExit(3), "raised SystemExit(3), on record '"),
    ],
)
def test_a_reward_that_judges_nothing_or_returns_no_numbers_costs_no_step(
    place: Place, returned: Any, said: str
) -> None:
    def how() -> Any:
        if isinstance(returned, BaseException):
            raise returned
        return returned

    place.monkeypatch.setattr(sys.modules[__name__], "HOW", how)
    code, shown = place.train(f"rewards=[format, '{__name__}:misbehave']", "checkpoint.every=50")
    assert (code, place.checkpoints()) == (2, ["step-000001"])
    assert said in shown
    assert "saved up to step 1" in shown


def test_a_reward_that_raises_keeps_its_traceback(place: Place) -> None:
    place.monkeypatch.setattr(sys.modules[__name__], "HOW", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError) as raised:  # Python ends with 1
        place.train(f"rewards=[format, '{__name__}:misbehave']", "checkpoint.every=50")
    assert f"raised by the reward {__name__}:misbehave on record '" in raised.value.__notes__[0]
    assert place.checkpoints() == ["step-000001"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("model/model.safetensors", "", "no model could be loaded"),
        ("model/chat_template.jinja", None, "has no chat template"),
        ("model/chat_template.jinja", "{% for %}", "can't write the prompt that ends with 'Say 0'"),
        ("train.jsonl", "", "train.jsonl: there are no records in it"),
        ("heldout.jsonl", "", "heldout.jsonl: there are no records in it"),
    ],
)
def test_a_start_that_failed_leaves_a_folder_for_the_next(
    place: Place, name: str, text: str | None, said: str
) -> None:
    file, keys = place.folder / name, ["steps=1"]
    before = file.read_bytes() if file.exists() else (place.folder / "train.jsonl").read_bytes()
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    if file.name == "heldout.jsonl":
        keys += [f"data.heldout={file}"]
    code, shown = place.train(*keys)
    assert (code, said in shown, "Traceback" in shown) == (2, True, False)
    file.write_bytes(before)
    assert place.train(*keys)[0] == 0, "without --overwrite"


@pytest.mark.parametrize("out", ["a file", "a file/inside", "/sys/run"])
def test_an_out_that_can_not_be_written_to_is_named(place: Place, out: str) -> None:
    (place.folder / "a file").write_text("")
    code, said = place.train(out=place.folder / out)
    assert code == 2
    assert str(place.folder / out) in said
    assert "--out" in said
