"""How the code is laid out, and how many files and functions each way through it passes.

    python benchmarks/structure.py                       # this checkout
    python benchmarks/structure.py ../before .           # two checkouts side by side

The counts come from the syntax trees. A private function is used once if its name occurs once besides its
definition, in its own file. The ways are real commands on tiny inputs, each run twice in one process: first
to import what it needs, then under a profiler, which counts the functions in raif/ that are called, and their
files. What a record or an item doesn't pass is left out of its way: configs, plans and pages.

Needs raif[train].
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

PACKAGES = ("raif", "raif_cli")
PAGES = r"/raif/html/|/page\w*\.py$|(?<!\.py)$"
SHORT = 50
"""Lines up to which a file is called short."""
RECORD = {
    "messages": [{"role": "user", "content": "Write a poem."}],
    "constraints": [{"id": "punctuation:no_comma"}],
    "expert": {"thinking": "No commas.", "answer": "Warm and brown."},
}
ITEM = {"key": 1, "prompt": "Write a poem.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
INPUTS = {"records.jsonl": RECORD, "items.jsonl": ITEM, "answers.jsonl": ITEM | {"response": "Hm."}}
WAYS = {
    "record to weights": (
        "train --set data.train=records.jsonl --set model.path=tiny --set model.device=cpu --set steps=1 "
        "--set rollout.prompts=1 --set rollout.group_size=4 --set rollout.max_new_tokens=8 "
        "--set optimizer.batch=4 --set cloning.batch=1 --out run --overwrite"
    ),
    "key to effect": "train --preset smol --dry-run --flops 1e14",
    "item to report": "eval ifeval --data items.jsonl --responses answers.jsonl --out scored --overwrite",
    "seed to record": "gen-data --preset builtin --set count=20 --out data --overwrite",
}


def main() -> None:
    """Print a table, a column for each checkout."""
    if sys.argv[1:2] == ["--way"]:
        _profile(sys.argv[2:])
        return
    checkouts = [Path(argument).resolve() for argument in sys.argv[1:] or ["."]]
    if not all((checkout / "raif").is_dir() for checkout in checkouts):
        sys.exit(__doc__)
    columns = [{**counted(checkout), **ways(checkout)} for checkout in checkouts]
    print("| |" + "".join(f" {checkout.name} |" for checkout in checkouts))
    print("|---|" + "---:|" * len(columns))
    for name in columns[0]:
        print(f"| {name} |" + "".join(f" {column[name]} |" for column in columns))


def counted(checkout: Path) -> dict[str, str]:
    """What the syntax trees say."""
    files = [path for package in PACKAGES for path in sorted((checkout / package).rglob("*.py"))]
    lengths = [len(path.read_text("utf-8").splitlines()) for path in files]
    functions = [found for path in files for found in _functions(path)]
    single = sum(functions)
    return {
        "files": f"{len(files)}",
        f"files of up to {SHORT} lines": f"{sum(length <= SHORT for length in lengths)}",
        "lines": f"{sum(lengths):,}",
        "longest file, lines": f"{max(lengths)}",
        "functions": f"{len(functions):,}",
        "private functions used once": f"{single} ({single / len(functions):.0%})",
        "loose modules at the top of raif/": f"{len(list((checkout / 'raif').glob('[!_]*.py')))}",
    }


def _functions(path: Path) -> Iterator[bool]:
    """For each function of a file, whether it is private and used once."""
    tree = ast.parse(path.read_text("utf-8"))
    uses = Counter(
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute)
    )
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            private = node.name.startswith("_") and not node.name.startswith("__")
            yield private and uses[node.name] == 1


def ways(checkout: Path) -> dict[str, str]:
    """Files and functions that each way passes."""
    found = {}
    environment = {**os.environ, "PYTHONPATH": str(checkout), "CUDA_VISIBLE_DEVICES": ""}
    with tempfile.TemporaryDirectory() as folder:
        inputs = {
            "records.jsonl": [RECORD],
            "items.jsonl": [ITEM],
            "answers.jsonl": [ITEM | {"response": "Hm."}],
        }
        for name, lines in inputs.items():
            (Path(folder) / name).write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        make = "from pathlib import Path; from tests import tiny; tiny.make(Path('tiny'))"
        subprocess.run([sys.executable, "-c", make], cwd=folder, env=environment, check=True)
        for name, command in WAYS.items():
            program = [
                sys.executable,
                str(Path(__file__).resolve()),
                "--way",
                str(checkout),
                *command.split(),
            ]
            done = subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{checkout}: {name}: {done.stderr}")
            seen = json.loads(done.stdout.splitlines()[-1])
            found[name] = f"{seen['files']} files, {seen['functions']} functions"
    return found


def _profile(arguments: list[str]) -> None:
    """Run a command of raif in this process, and print what it called."""
    checkout, *command = arguments
    aside = PAGES if "--dry-run" in command else f"{PAGES}|/raif/(config|plan)/"
    called: set[CodeType] = set()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            called.add(frame.f_code)

    from raif_cli.main import app

    app(command, standalone_mode=False)
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        app(command, standalone_mode=False)
    finally:
        sys.setprofile(None)
    own = [
        code
        for code in called
        if code.co_filename.startswith(f"{checkout}/raif/")
        and not code.co_name.startswith("<")
        and not re.search(aside, code.co_filename)
    ]
    print()
    print(json.dumps({"files": len({c.co_filename for c in own}), "functions": len(own)}))


if __name__ == "__main__":
    main()
