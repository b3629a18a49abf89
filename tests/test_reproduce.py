"""The scripts in docs/reproduce run with stand-ins for what they call, and every call can be planned."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from benchmarks import miniature_demo
from raif.config import load, preset_names
from raif.config.resume import AFTER_WARM_UP, FREE
from raif.config.train import TrainConfig
from raif.files.runs import differences, under
from raif_cli.main import app

FOLDER = Path(__file__).parents[1] / "docs" / "reproduce"
SCRIPTS = sorted(FOLDER.glob("*.sh"))
MINI = {name for name in preset_names("train") if name == "mini" or name.startswith("mini-")}
SHARING = MINI - {"mini-warm-up", "mini-sft", "mini-math", "mini-reference"}
LAYOUTS = ["16-gpus", "4-gpus", "1-gpu"]
NOTES = 'note="$(mktemp "$CALLS/.XXXXXX")"; printf "%s\\0" "$@" > "$note"; mv "$note" "$CALLS/${note##*.}"\n'
"""Moved once complete: a server can be killed while it writes."""
STAND_INS = {
    "raif": NOTES + 'case "$*" in train*--dry-run*) echo "  path: a/model" ;; esac\n',
    "torchrun": 'while [ "$1" != raif ]; do shift; done; exec "$@"\n',
    "curl": 'port="${@: -1}"; port="${port##*:}"; grep -qsz "^${port%%/*}$" "$CALLS"/*\n',
    "hf": 'mkdir -p "${@: -1}" && echo "{}" > "${@: -1}/released.jsonl"\n',
}


def calls(folder: Path, script: str, *arguments: str, **other: str) -> list[list[str]]:
    """The arguments of each call of `raif` by the script, in any order; `other` replaces stand-ins."""
    for name, text in {**STAND_INS, **other}.items():
        (path := folder / name).write_text(f"#!/usr/bin/env bash\n{text}")
        path.chmod(0o755)
    (noted := folder / "calls").mkdir()
    own = ("PRESETS", "SEEDS", "MODEL")  # of whoever runs the tests
    environment = {
        **{name: value for name, value in os.environ.items() if name not in own},
        "PATH": f"{folder}:{os.environ['PATH']}",
        "CALLS": str(noted),
        "OUT": "runs/with a blank",
        "PATIENCE": "0.1",
    }
    command = ["bash", str(FOLDER / script), *arguments]
    subprocess.run(command, check=True, cwd=folder, env=environment, timeout=60)
    return [path.read_text().split("\0")[:-1] for path in noted.glob("[!.]*")]


def plan(call: list[str]) -> None:
    dry = [] if "--dry-run" in call else ["--dry-run"]
    given = ["--flops", "1e14"] if call[0] == "train" else []
    result = CliRunner().invoke(app, [*call, *dry, *given])
    assert result.exit_code == 0, (call, result.exception)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.name)
def test_bash_can_read_the_script(script: Path) -> None:
    subprocess.run(["bash", "-n", str(script)], check=True)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_main_run_and_every_ablation_can_be_planned(layout: str, tmp_path: Path) -> None:
    trained = [call for call in calls(tmp_path, "all.sh", layout) if call[0] == "train"]
    for call in trained:
        plan(call)
    runs = [call for call in trained if "--strict" in call]
    ablations = {name for name in preset_names("train") if name.startswith("ablation-")}
    assert sorted(call[call.index("--preset") + 1] for call in runs) == sorted({"7b"} | ablations)


@pytest.mark.parametrize(("layout", "ranks"), [("1-gpu", 1), ("4-gpus", 2), ("16-gpus", 4)])
def test_each_layout_fits_gpus_of_80_gb_part_by_part(layout: str, ranks: int, tmp_path: Path) -> None:
    (call,) = (c for c in calls(tmp_path, f"{layout}.sh") if "--strict" in c)
    options = ["--dry-run", "--gpu-memory", "80", "--ranks", str(ranks), "--flops", "4e14"]
    shown = CliRunner().invoke(app, [*call, *options]).stderr
    memory = [line.strip() for line in shown.partition("in GB: ")[2].partition("\nstep")[0].splitlines()]
    model = 2 * 7.615616512  # parameters in bfloat16
    c = yaml.safe_load(CliRunner().invoke(app, [*call, *options]).stdout)
    rows = c["optimizer"]["micro_batch"]
    # a layer's norms, queries, keys and values, gates of each of 5,120 tokens, and the inputs of 28 layers
    layer = 6 * 3584 + 2 * 3584 + 2 * 512 + 4 * 18944
    activations = rows * 5120 * (layer + 28 * 3584) * 2 / 1e9
    logits = 256 * 152064 * 16 / 1e9
    judge = 8 * 5120 * (2 * 3584 + 3 * 18944) * 2 / 1e9  # of a layer: it reads once, and keeps nothing
    here = ranks == 1
    always = (
        {
            "weights": model,
            "frozen model": model,
            "vLLM's weights": model,
            "vLLM's KV cache": 0.25 * 80 - model,
            "judge": model,
        }
        if here
        else {
            "weights": model / ranks,
            "frozen model": model / ranks,
        }
    )
    update = {
        "gradients": 1.0,
        **({} if here else {"gathered layers": 2.0}),
        "activations": activations,
        "logits": logits,
    }
    peak = sum(always.values()) + max(sum(update.values()), judge * here)
    assert memory == [
        listed(always),
        f"in an update {listed(update)}",
        *([f"in judging {judge:.1f} judge's activations"] if here else []),
        f"{peak:.1f} at the peak; a GPU has 80.0: it fits",
        f"{16 * 7.615616512 / ranks:.1f} in the host's memory, for each rank: the optimizer's state",
        *([] if here else [f"{model:.1f} in the host's memory of the first rank: weights for the servers"]),
    ]


def listed(parts: dict[str, float]) -> str:
    return ", ".join(f"{size:.1f} {name}" for name, size in parts.items())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_run_has_a_judge(layout: str, tmp_path: Path) -> None:
    runs = [call for call in calls(tmp_path, f"{layout}.sh", "1.5b") if "--strict" in call]
    assert runs
    assert all("judge.model=Qwen/Qwen2.5-7B-Instruct" in call for call in runs)


def test_the_servers_serve_the_presets_model_and_the_judge(tmp_path: Path) -> None:
    served = [call[1] for call in calls(tmp_path, "4-gpus.sh") if call[0] == "serve"]
    assert sorted(served) == ["Qwen/Qwen2.5-7B-Instruct", "a/model"]


def test_a_server_that_ends_before_it_is_ready_ends_the_script(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        calls(tmp_path, "4-gpus.sh", curl="exit 7\n")


def test_the_data_can_be_planned(tmp_path: Path) -> None:
    (made,) = calls(tmp_path, "data.sh", "5", "data-math-5")
    assert "pack.math_ratio=5" in made
    plan(made)


def test_the_miniature_trains_and_measures_and_every_call_can_be_planned(tmp_path: Path) -> None:
    grown = NOTES + (  # what the script looks for in between
        'while [ $# -gt 0 ]; do [ "$1" = --out ] && out="$2"; shift; done\n'
        '[ -n "${out:-}" ] || exit 0\n'
        'mkdir -p "$out" && echo \'{"seed": "en-1"} {"seed": "en-2"}\' > "$out/heldout.jsonl"\n'
    )
    made = calls(tmp_path, "miniature.sh", raif=grown, python="echo 321\n")
    plan(next(call for call in made if call[0] == "gen-data"))
    for preset in MINI:
        plan(next(call for call in made if call[0] == "train" and preset in call))
    trained = [call for call in made if call[0] == "train" and "--out" in call]
    assert {call[call.index("--preset") + 1] for call in trained} == MINI
    assert all("--resume" in call for call in trained)
    seeds = {name: set[str]() for name in MINI}
    for call in trained:
        seeds[call[call.index("--preset") + 1]] |= {each for each in call if each.startswith("seed=")}
    assert seeds["mini"] == seeds["mini-all"] == seeds["mini-sft"] == {"seed=0", "seed=1"}
    assert seeds["mini-math"] == {"seed=0"}
    fitted = [call for call in trained if "steps=321" in call]
    assert [call[call.index("--preset") + 1] for call in fitted] == ["mini-sft"] * 2
    for call in trained:
        preset, seed = (call[call.index(each) + 1] for each in ("--preset", "--set"))
        shared = [call[n + 1].rpartition("/")[2] for n, each in enumerate(call) if each == "--warm-up-of"]
        assert shared == ([f"mini-warm-up-{seed.removeprefix('seed=')}"] if preset in SHARING else [])
    measured = [(call[1], call[call.index("--out") + 1]) for call in made if call[0] == "eval"]
    assert len(measured) == 2 * (3 + 6)
    assert {benchmark for benchmark, _ in measured} == {"ifeval", "ifbench"}


def test_every_change_of_the_demo_can_be_planned_and_shares_the_warm_up_if_it_can(tmp_path: Path) -> None:
    runs = {Path(call[call.index("--out") + 1]).name: call for call in calls(tmp_path, "demo.sh", python="")}
    assert set(runs) == {f"{preset}-0" for preset in miniature_demo.CHANGES}
    keys = {
        name: [call[n + 1] for n, each in enumerate(call) if each == "--set"] for name, call in runs.items()
    }
    for name, call in runs.items():
        plan(["train", "--preset", "smol", *(part for key in keys[name] for part in ("--set", key))])
        own, demo = (
            load(TrainConfig, "train", preset="smol", overrides=keys[each]).model_dump(mode="json")
            for each in (name, "smol-0")
        )
        shares = all(under(each.key, (*FREE, *AFTER_WARM_UP)) for each in differences(demo, own))
        assert shares == ("--warm-up-of" in call or name == "smol-0")


def test_an_unknown_change_of_the_demo_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        calls(tmp_path, "demo.sh", "contrast")
    assert not list((tmp_path / "calls").iterdir())


@pytest.mark.parametrize("preset", sorted(MINI - {"mini-math"}))  # whose data differs
def test_the_miniatures_runs_share_the_warm_up_that_they_can_share(preset: str) -> None:
    warm_up, own = (load(TrainConfig, "train", preset=name) for name in ("mini-warm-up", preset))
    changed = differences(warm_up.model_dump(mode="json"), own.model_dump(mode="json"))
    assert all(under(each.key, (*FREE, *AFTER_WARM_UP)) for each in changed) == (
        preset in SHARING | {"mini-warm-up"}
    )


def test_the_table_of_the_documentation_names_every_ablation() -> None:
    text = (FOLDER.parent / "reproduce.md").read_text("utf-8")
    assert [name for name in preset_names("train") if f"`{name}`" not in text and "sft-" not in name] == [
        "smol"
    ]
