"""The options of `raif eval`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from raif_cli.exits import Exit
from raif_cli.options import number

JUDGE, METHOD = "Judge", "Method"

Names = Annotated[
    list[str],
    typer.Argument(
        metavar="BENCHMARK...",
        help="One or more of cello, cfbench, complexbench, fbbench, followbench, ifbench, ifbench-multiturn, "
        "ifeval, infobench, multi-if; all of these as all; or rubrics, for prompts with criteria.",
        show_default=False,
    ),
]
Model = Annotated[
    str | None,
    typer.Option("--model", "-m", help="A checkpoint; with --base-url, the server's name for it."),
]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", help="Ask this server, e.g. http://127.0.0.1:8000/v1.")
]
Concurrency = Annotated[
    int | None, typer.Option("--concurrency", min=1, help="Requests in flight at once. Default: 16.")
]
Responses = Annotated[
    Path | None,
    typer.Option(
        "--responses",
        help="Score stored answers: JSON Lines, samples of lm-eval or another harness, a batch's output, or "
        "the benchmark's released format.",
    ),
]
Data = Annotated[
    Path | None, typer.Option("--data", help="The benchmark's data. Default: from RAIF_BENCHMARK_DATA.")
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="The run's folder. Default: runs/eval-BENCHMARK-MODEL.")
]
Think = Annotated[
    Literal["auto", "none", "tagged", "deepseek"] | None,
    typer.Option(
        "--think",
        help="How reasoning is marked. none (default): the whole response is scored; auto: by the tags that "
        "it has; tagged: as `raif train` asks for it; deepseek: by </think>.",
    ),
]
ThinkTags = Annotated[
    tuple[str, str] | None,
    typer.Option("--think-tags", help="Split off what is between these two instead.", metavar="OPEN CLOSE"),
]
Limit = Annotated[int | None, typer.Option("--limit", help="Evaluate N random items.", metavar="N")]
Sampling = Annotated[
    str | None,
    typer.Option(
        "--sampling",
        metavar="NAME",
        help="Draw answers as recommended for these models: gpt-5, llama3, qwen3, qwen3-no-thinking or r1.",
    ),
]
Relevance = Annotated[
    str | None,
    typer.Option(
        "--relevance",
        metavar="MODEL",
        help="Also measure which answers answer their prompts: by this model on this machine, such as "
        "packaged:smollm2-135m, or judge for one yes/no question each.",
    ),
]
Dialect = Annotated[
    str | None,
    typer.Option(
        "--dialect",
        help="sound (default): what can't be judged is left out and counted; upstream: scored like the "
        "released scripts; authors: like the copies of them by the method's authors.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]
FailUnder = Annotated[
    float | None,
    typer.Option(
        "--fail-under",
        min=0,
        max=1,
        callback=number,
        help=f"Exit with {Exit.BELOW_THRESHOLD:d} if the headline, which the paper prints too (ifeval: "
        "prompts, loose; several benchmarks: their average), is below this, 0 to 1.",
    ),
]
Seeds = Annotated[
    int | None,
    typer.Option(
        "--seeds",
        min=1,
        help="Answer each item N times, with sampling seeds 0 to N - 1: mean, spread, pass@k and reliable@k.",
        metavar="N",
    ),
]
PaperModel = Annotated[
    str | None,
    typer.Option("--paper-model", help="The paper's model to compare with. Default: by the model's name."),
]
JudgeUrl = Annotated[
    str | None,
    typer.Option(
        "--judge-url", help="The judge's server, e.g. http://127.0.0.1:8001/v1.", rich_help_panel=JUDGE
    ),
]
JudgeModel = Annotated[
    str | None, typer.Option("--judge-model", help="The server's name for the judge.", rich_help_panel=JUDGE)
]
JudgeConcurrency = Annotated[
    int | None,
    typer.Option(
        "--judge-concurrency",
        min=1,
        help="Requests to the judge in flight at once. Default: 16.",
        rich_help_panel=JUDGE,
    ),
]
JudgePrompts = Annotated[
    Path | None,
    typer.Option(
        "--judge-prompts",
        help="Folder with your own BENCHMARK.yaml files, used instead of the shipped prompts.",
        rich_help_panel=JUDGE,
    ),
]
Judgments = Annotated[
    Path | None,
    typer.Option(
        "--judgments",
        help="Score stored judgments: JSON Lines, or the benchmark's released format.",
        rich_help_panel=JUDGE,
    ),
]
Rejudge = Annotated[
    bool,
    typer.Option(
        "--rejudge",
        help="Keep the folder's answers and judge them again; another judge can be given. Earlier judgments "
        "count until new ones come that can be read.",
        rich_help_panel=JUDGE,
    ),
]
OnError = Annotated[
    str | None,
    typer.Option(
        "--on-error",
        help="What becomes of items whose requests fail for good. stop (default): the run ends once more "
        "than --max-errors have failed; fail: they count as failures of the model; skip: they are left out.",
    ),
]
MaxErrors = Annotated[
    str | None,
    typer.Option(
        "--max-errors", help="How many items may fail: a number or a share. Default: 5%.", metavar="N"
    ),
]
Method = Annotated[
    str | None,
    typer.Option(
        "--method",
        help="io (default), cot, sdc, deepclaude, self-consistency, self-refine or oracle-decomposition.",
        rich_help_panel=METHOD,
    ),
]
Thinker = Annotated[
    str | None,
    typer.Option("--thinker", help="deepclaude: the model whose thinking is used.", rich_help_panel=METHOD),
]
ThinkerUrl = Annotated[
    str | None,
    typer.Option(
        "--thinker-url",
        help="deepclaude: that model's server. Default: --base-url.",
        rich_help_panel=METHOD,
    ),
]
