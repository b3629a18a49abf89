"""Where the benchmarks' public data lies: `raif eval` scores it, `raif gen-data` keeps its texts out of
training."""

from __future__ import annotations

from typing import NamedTuple

FOLDER = "RAIF_BENCHMARK_DATA"
"""The environment variable that names the folder of all benchmarks."""


class Place(NamedTuple):
    """`path`: the file or folder that `raif eval` reads, under the folder of all benchmarks. `files`:
    patterns of all files with the benchmark's items that may lie there, other releases included."""

    path: str
    files: tuple[str, ...]


PLACES = {
    "cello": Place("cello/data", ("cello/data/*.json",)),
    "cfbench": Place("cfbench/cfbench_data.json", ("cfbench/cfbench_data.json",)),
    "complexbench": Place(
        "complexbench/data_release.json", ("complexbench/data_*.json", "complexbench/instructions*.jsonl")
    ),
    "fbbench": Place("fbbench/fb_bench_dataset.json", ("fbbench/fb_bench_dataset*.json",)),
    "followbench": Place("followbench", ("followbench/*/*_constraints.json",)),
    "ifbench": Place("ifbench/IFBench_test.jsonl", ("ifbench/IFBench_test.jsonl",)),
    "ifbench-multiturn": Place(
        "ifbench-multiturn", ("ifbench-multiturn/**/*.parquet", "ifbench-multiturn/**/*.jsonl")
    ),
    "ifeval": Place("ifeval/input_data.jsonl", ("ifeval/input_data.jsonl",)),
    "infobench": Place("infobench/InfoBench.json", ("infobench/InfoBench*.json*",)),
    "multi-if": Place("multi-if/multiIF_20241018.csv", ("multi-if/*.csv",)),
    "rubrics": Place("rubrics", ("rubrics/*.csv", "rubrics/*.jsonl", "rubrics/*.parquet")),
}
