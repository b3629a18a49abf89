from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import raif_cli
from raif.errors import ConfigError, RecordError
from raif_cli.main import app
from tests.chat_server import chat_server


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a benchmark of four items and answers; three of them follow."""
    monkeypatch.chdir(tmp_path)
    items = [
        {"key": n, "prompt": f"Item {n}", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
        for n in range(4)
    ]
    answers = [{"key": n, "response": "well, no" if n == 3 else "fine"} for n in range(4)]
    for name, lines in (("items", items), ("answers", answers)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return tmp_path


def raif_eval(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["eval", "ifeval", "--data", "items.jsonl", *arguments])


def stored(*arguments: str) -> Result:
    return raif_eval("--responses", "answers.jsonl", *arguments)


def test_the_rates_go_to_stdout() -> None:
    result = stored()
    assert result.exit_code == 0
    assert "75.00 [30.1, 95.4]" in result.stdout
    assert "punctuation:no_comma" in result.stdout


def test_json_is_the_saved_report(folder: Path) -> None:
    result = stored("--json", "--out", "here")
    assert json.loads(result.stdout) == json.loads((folder / "here" / "report.json").read_text("utf-8"))


def test_the_default_folder_is_named_after_the_source(folder: Path) -> None:
    stored()
    assert (folder / "runs" / "eval-ifeval-answers" / "report.md").is_file()


def test_stored_answers_are_not_drawn() -> None:
    result = stored("--sampling", "qwen3")
    assert result.exit_code == 2
    assert "--sampling: stored answers are drawn already" in result.stderr


@pytest.mark.parametrize(("rate", "code"), [("0.75", 0), ("0.76", 6)])
def test_fail_under_compares_the_strict_rate_of_prompts(rate: str, code: int) -> None:
    result = stored("--fail-under", rate)
    assert result.exit_code == code
    assert ("--fail-under: " in result.stderr) is (code == 6)


@pytest.mark.parametrize("rate", ["nan", "50", "-1"])
def test_fail_under_is_a_share(rate: str) -> None:
    assert stored("--fail-under", rate).exit_code == 2


@pytest.mark.parametrize("most", ["-1", "5 %", "3.5", "many"])
def test_max_errors_is_a_number_or_a_share(most: str) -> None:
    error = stored("--max-errors", most).exception
    assert isinstance(error, ConfigError)
    assert "a number of items, or a share such as 5%" in error.message


def test_a_second_run_needs_to_say_what_becomes_of_the_first() -> None:
    stored()
    assert isinstance(stored().exception, ConfigError)
    assert stored("--resume").exit_code == 0
    assert stored("--overwrite").exit_code == 0


def test_a_dry_run_prints_the_config_and_does_nothing(folder: Path) -> None:
    result = stored("--dry-run", "--limit", "2", "--think", "tagged", "--set", "seed=5")
    assert "limit: 2\nseed: 5\n" in result.stdout
    assert "think: tagged\n" in result.stdout
    assert "2 items of items.jsonl" in result.stderr
    assert not (folder / "runs").exists()


def test_a_dry_run_of_a_resumed_one_says_what_is_kept_and_leaves_the_files_alone(folder: Path) -> None:
    with chat_server() as server:
        asked = ("--base-url", server.base_url, "--model", "m", "--out", "out")
        raif_eval(*asked, "--limit", "3")
        with (folder / "out" / "responses.jsonl").open("a", encoding="utf-8") as file:
            file.write('{"id": "torn')
        before = {path: path.read_bytes() for path in (folder / "out").iterdir()}
        said = raif_eval(*asked, "--dry-run", "--resume").stderr
        assert "model m: 3 of 4 answers kept; about 1 calls, " in said
        assert "model m: about 4 calls, " in raif_eval(*asked, "--dry-run").stderr
        assert len(server.requests) == 3
    assert {path: path.read_bytes() for path in (folder / "out").iterdir()} == before


def test_a_dry_run_of_several_samples_looks_into_the_folder_of_each() -> None:
    with chat_server() as server:
        asked = ("--base-url", server.base_url, "--model", "m", "--out", "out")
        asked = (*asked, "--set", "sampling.temperature=1")
        raif_eval(*asked, "--seeds", "1")
        said = raif_eval(*asked, "--seeds", "3", "--dry-run", "--resume").stderr
        assert "model m: 4 of 12 answers kept; about 8 calls, " in said
        assert "model m: about 12 calls, " in raif_eval(*asked, "--seeds", "3", "--dry-run").stderr


def test_answers_that_no_item_gets_are_said(folder: Path) -> None:
    with (folder / "answers.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"key": 99, "response": "fine"}\n')
    said = "1 x stored answer to no item, such as the one with the id '99'"
    assert f"not used: {said}" in stored("--dry-run").stderr
    result = stored("--json")
    assert f"Warning: ifeval: not used: {said}" in result.stderr
    assert sum(json.loads(result.stdout)["unused"].values()) == 1
    assert f"Not used: {said}" in page_again(folder / "runs" / "eval-ifeval-answers").replace("&#39;", "'")


def test_answers_to_other_items_leave_a_folder_for_the_right_ones(folder: Path) -> None:
    right = (folder / "answers.jsonl").read_text("utf-8")
    (folder / "answers.jsonl").write_text('{"key": 99, "response": "fine"}\n', "utf-8")
    assert isinstance(stored().exception, RecordError)
    assert isinstance(stored("--dry-run").exception, RecordError)
    (folder / "answers.jsonl").write_text(right, "utf-8")
    assert stored().exit_code == 0


def test_a_server_is_asked() -> None:
    with chat_server() as server:
        result = raif_eval("--base-url", server.base_url, "--model", "m", "--limit", "3", "--json")
    assert json.loads(result.stdout)["answered"] == 3
    assert {body["messages"][0]["content"] for body in server.requests} == {"You are a helpful assistant."}


@pytest.mark.parametrize("old", [("--dialect", "raif"), ("--set", "dialect=raif"), ("--config", "old.yaml")])
def test_the_dialects_old_name_is_taken_with_a_warning(folder: Path, old: tuple[str, str]) -> None:
    (folder / "old.yaml").write_text("benchmark: ifeval\ndialect: raif\n", "utf-8")
    result = stored(*old, "--json")
    assert json.loads(result.stdout)["dialect"] == "authors"
    assert result.stderr.startswith("Warning: the dialect raif is called authors now.")


def test_a_run_of_the_dialects_old_name_resumes_compares_and_renders(folder: Path) -> None:
    stored("--dialect", "authors", "--out", "old")
    for name in ("config.yaml", "report.json"):
        path = folder / "old" / name
        text = path.read_text("utf-8")
        assert "authors" in text
        path.write_text(text.replace("authors", "raif"), "utf-8")
    assert "dialect authors" in page_again(folder / "old")
    compared = CliRunner().invoke(app, ["eval", "compare", "old", "old", "--json"])
    assert json.loads(compared.stdout)["items"] == 4
    assert stored("--dialect", "authors", "--out", "old", "--resume").exit_code == 0


def page_again(run: Path) -> str:
    assert CliRunner().invoke(app, ["report", str(run)]).exit_code == 0
    return (run / "report.html").read_text("utf-8")


def test_a_path_is_not_read_as_yaml(folder: Path) -> None:
    (folder / "items.jsonl").rename(folder / "a: b #c.jsonl")
    assert (
        CliRunner()
        .invoke(app, ["eval", "ifeval", "--data", "a: b #c.jsonl", "--model", "1", "--dry-run"])
        .exit_code
        == 0
    )


def test_an_unknown_option_is_a_usage_error() -> None:
    assert stored("--modell", "m").exit_code == 2


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys\nfrom raif_cli.main import app\n"
        "try: app(['eval', '--help'])\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'openai', 'numpy', 'nltk'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    checkout = Path(raif_cli.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
