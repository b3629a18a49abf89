"""Kills `raif eval` on all benchmarks several times, and compares the requests answered with those kept.

    raif serve MODEL --backend vllm -- --max-model-len 4096 --enforce-eager
    RAIF_BENCHMARK_DATA=FOLDER python benchmarks/eval_kill.py http://127.0.0.1:8000 MODEL [FOLDER]

The model is a real one behind vLLM, which counts what it has answered at /metrics. The judge is scripted, in
this process: a model that a CPU can run doesn't keep to the forms of judgments. FOLDER keeps the runs. If
more was answered than is kept, requests were repeated, or replies were lost on the way to a killed process:
at most as many as were in flight, and the trial judgments of each start.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for `tests`

from gen_data_kill import answered_by_vllm

from tests.chat_server import Body, chat_server, completion

KILLS, CONCURRENCY = 4, 16
SECONDS = 20.0
"""Between a start and the kill."""
ENTRIES = re.compile(r"(?:exactly|恰好|恰好含有) (\d+) (?:entries|个元素)")


def judge(body: Body) -> tuple[int, Body]:
    """A favourable judgment in the form that the prompt of the benchmark asks for."""
    prompt = body["messages"][0]["content"]
    if "</检查点>" in prompt:
        criteria = prompt.rpartition("<检查点>")[2].partition("</检查点>")[0].strip()
        text = "\n\n".join(f"{one}\t1" for one in criteria.split("\n\n"))
    elif "</评判细则>" in prompt:
        points = json.loads(prompt.rpartition("```json")[2].partition("```")[0])
        filled = {point: entry | {"评判理由": "有", "评判结果": "是"} for point, entry in points.items()}
        text = json.dumps(filled, ensure_ascii=False)
    elif found := ENTRIES.search(prompt):
        text = repr(["YES"] * int(found[1]))
    elif "评分对象" in prompt:
        text = "【模型回复中评分问题的评测对象】\n评分对象：all"
    else:
        text = "答案：是" if "<评分问题>" in prompt else "YES"
    return completion(text)


def lines(folder: Path, name: str) -> int:
    return sum(file.read_bytes().count(b"\n") for file in folder.rglob(name))


def reported(folder: Path, usage: str) -> int:
    """The replies that the reports know of."""
    measured = [json.loads(file.read_text("utf-8"))["measured"] for file in folder.glob("*/report.json")]
    return sum((each[usage] or {"replies": 0})["replies"] for each in measured)


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("server")
    parser.add_argument("model")
    parser.add_argument("folder", nargs="?", type=Path, default=None)
    parser.add_argument("--limit", default="10")
    given = parser.parse_args()
    folder = (given.folder or Path(tempfile.mkdtemp())) / "suite"
    before = answered_by_vllm(given.server)
    print("| | model answered | judge answered | answers kept | judgments kept |\n|---|---:|---:|---:|---:|")
    with chat_server(judge) as judging:
        command = [sys.executable, "-c", "from raif_cli.main import run; run()", "eval", "run", "all"]
        command += ["--model", given.model, "--base-url", f"{given.server}/v1", "--out", str(folder)]
        command += ["--judge-model", "scripted", "--judge-url", judging.base_url, "--limit", given.limit]
        command += ["--concurrency", str(CONCURRENCY), "--judge-concurrency", str(CONCURRENCY)]
        command += ["--set", "sampling.max_tokens=64", "--max-errors", "100%"]

        def line(what: str) -> None:
            answered = answered_by_vllm(given.server) - before
            kept = f"{lines(folder, 'responses.jsonl')} | {lines(folder, 'judgments.jsonl')}"
            print(f"| {what} | {answered} | {len(judging.requests)} | {kept} |", flush=True)

        for _ in range(KILLS):
            resume = ["--resume"] if folder.exists() else []
            process = subprocess.Popen([*command, *resume], stdout=subprocess.DEVNULL)
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            line(f"killed after {SECONDS:.0f} s" if process.wait() < 0 else "ended before the kill")
        for what in ("run to its end", "resumed after its end"):
            last = subprocess.run([*command, "--resume"], check=True, stdout=subprocess.PIPE, text=True)
            line(what)
    kept = (
        f"{reported(folder, 'usage')} replies of the model and {reported(folder, 'judge_usage')} of the judge"
    )
    print(f"\nIn the reports: {kept}.\n\n{last.stdout}")


if __name__ == "__main__":
    main()
