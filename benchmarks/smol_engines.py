"""Compares the scores and speed of `smol` with each rollout engine.

    raif train --preset smol --set evaluation.cloning_alone=true --out runs/smol   # this keeps the warm-up
    python benchmarks/smol_engines.py runs/smol [STEPS [ENGINE...]]

Each engine continues in runs/smol-ENGINE from the warm-up of runs/smol, on its data; an unfinished earlier
call is resumed. Prints the held-out score with its interval, and the median seconds of a step and of its
parts. Starts the server itself. Needs vLLM (docs/vllm.md) and an otherwise idle machine.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from raif.config.serve import ServeConfig
from raif.serve import Server, serving

ENGINES = ("transformers", "vllm", "vllm_server")
PARTS = ("time_rollout", "time_sync", "time_correction", "time_update")
CACHE_GIB, PORT = 0.5, 8377  # fixed: a run is resumed with the config that it was started with
CACHE = ("--kv-cache-memory-bytes", str(int(CACHE_GIB * 2**30)))
ARGUMENTS = ("--enforce-eager", "--max-num-seqs", "64", *CACHE)
RAIF = [sys.executable, "-c", "from raif_cli.main import run; run()"]


def prepared(source: Path, engine: str, steps: int) -> tuple[Path, Path]:
    """The config and the folder of a run that has just ended its warm-up."""
    config = yaml.safe_load((source / "config.yaml").read_text("utf-8"))
    warmup = config["cloning"]["warmup_steps"]
    config["steps"], config["evaluation"]["cloning_alone"] = steps, False
    config["rollout"]["engine"] = engine
    config["rollout"]["vllm"] |= {"kv_cache_gib": CACHE_GIB, "urls": [f"http://127.0.0.1:{PORT}"]}
    out = source.with_name(f"{source.name}-{engine}")
    path = out.with_suffix(".yaml")
    path.write_text(yaml.safe_dump(config), "utf-8")
    if not out.exists():
        shutil.copytree(source / "warm-up", out / "checkpoints")
        shutil.copytree(source / "data", out / "data")
        metrics = (source / "metrics.jsonl").read_text("utf-8").splitlines(keepends=True)
        (out / "metrics.jsonl").write_text("".join(metrics[:warmup]), "utf-8")
        report = json.loads((source / "report.json").read_text("utf-8"))
        untrained = {"facts": {}, "rows": report["rows"][:1]}
        (out / "report.json").write_text(json.dumps(untrained), "utf-8")
    return path, out


def server(engine: str, model: str, dtype: str) -> AbstractContextManager[Server | None]:
    if engine != "vllm_server":
        return nullcontext()
    keys = {"model": model, "backend": "vllm", "rollout": True, "dtype": dtype, "port": PORT}
    return serving(ServeConfig.model_validate(keys | {"max_model_len": 512, "arguments": ARGUMENTS}))


def trained(source: Path, engine: str, steps: int) -> Path:
    model = yaml.safe_load((source / "config.yaml").read_text("utf-8"))["model"]
    with server(engine, model["path"], model["compute"]):
        config, out = prepared(source, engine, steps)
        command = [*RAIF, "train", "--config", str(config), "--out", str(out), "--resume", "auto"]
        subprocess.run(command, check=True, stdout=sys.stderr)
    return out


def line(engine: str, out: Path) -> str:
    rows = json.loads((out / "report.json").read_text("utf-8"))["rows"]
    row: dict[str, Any] = next(row for row in rows if row["name"] == "whole recipe")
    rate = row["constraints"]
    metrics = [json.loads(text) for text in (out / "metrics.jsonl").read_text("utf-8").splitlines()]
    steps = [step for step in metrics if step["phase"] == "grpo"]
    whole = median(sum(step[part] for part in PARTS) for step in steps)
    parts = [f"{median(step[part] for step in steps):.1f}" for part in PARTS]
    mismatch = f"{median(step['logp_mismatch'] for step in steps):.4f}"
    score = f"{rate['value']:.1%} [{rate['low']:.1%}, {rate['high']:.1%}]"
    return f"| {' | '.join([engine, score, f'{whole:.1f}', *parts, mismatch])} |"


def main(place: str, steps: str = "12", *engines: str) -> None:
    source = Path(place)
    done = [(engine, trained(source, engine, int(steps))) for engine in engines or ENGINES]
    print("| engine | constraints followed | s a step | rollout | sync | correction | update | mismatch |")
    print("|---|---|---|---|---|---|---|---|")
    for engine, out in done:
        print(line(engine, out))


if __name__ == "__main__":
    main(*sys.argv[1:])
