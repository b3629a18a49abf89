"""How long released answers and judgments are, in tokens as estimated: usual for `raif eval --dry-run`.

    RAIF_BENCHMARK_DATA=FOLDER python benchmarks/answer_lengths.py

FOLDER has the benchmarks' data with the released answers next to it, in `fixtures`.
"""

from __future__ import annotations

import gzip
import json
import os
import statistics
import tarfile
from collections.abc import Iterator
from pathlib import Path

from raif.client.tokens import estimated_tokens

FOLDER = Path(os.environ["RAIF_BENCHMARK_DATA"])


def found() -> Iterator[tuple[str, list[str]]]:
    """Texts of one kind, by a model or about its answers, with what they are."""
    for path in sorted((FOLDER / "cello/fixtures/results").glob("*.tar.gz")):
        with tarfile.open(path) as archive:
            files = [archive.extractfile(each) for each in archive if "res_" in each.name]
            rows = [row for file in files if file for row in json.load(file)]
        yield f"CELLO, answers of {path.name}", [row["model_answer"] for row in rows]
    for path in sorted((FOLDER / "fbbench/fixtures").glob("*/*/*.gz")):
        with gzip.open(path, "rt") as lines:
            rows = [json.loads(line) for line in lines]
        kind = path.parts[-3:-1]
        if "answer" in kind:
            yield f"FB-Bench, answers of {path.name}", [row["second_response"] for row in rows]
        else:
            said = [json.dumps(row.get("judgement"), ensure_ascii=False) for row in rows]
            yield f"FB-Bench, judgments of {path.name}", said
    for path in sorted((FOLDER / "cfbench/fixtures/judge").glob("*.json")):
        rows = json.loads(path.read_text("utf-8"))
        yield f"CFBench, answers of {path.name}", [row["response"] for row in rows]
        yield f"CFBench, judgments of {path.name}", [row["judge_response"] for row in rows]
    path = FOLDER / "complexbench/generations_sample_glm4_first50.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    yield "ComplexBench, answers of GLM-4", [row["generated"] for row in rows]


for what, texts in found():
    lengths = [estimated_tokens(text) for text in texts if isinstance(text, str)]
    mean, median = statistics.mean(lengths), statistics.median(lengths)
    print(f"{what}: {len(lengths)}, mean {mean:.0f}, median {median:.0f}")
