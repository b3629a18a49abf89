"""The reports are self-contained, show what was found, and keep every text as text."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import random
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from raif import html
from raif.errors import ConfigError
from raif.eval import finished
from raif.eval import report as saved
from raif.eval.report import PaperFigure, PaperRow, Suite
from raif.html.samples import PageSample, Shown, pack
from raif.stats import Interval
from raif.train import page as training
from raif_cli.main import app
from tests.html.conftest import EVIL, HALF

SEVEN = ("ifeval", "cello", "cfbench", "complexbench", "fbbench", "followbench", "infobench")


def page(folder: Path) -> str:
    return (folder / "report.html").read_text("utf-8")


def part(folder: Path, name: str) -> list[dict[str, Any]]:
    """A part of the samples, inside the page or beside it."""
    beside = folder / "report.samples" / f"{name}.js"
    if beside.exists():
        packed = between(beside.read_text("utf-8"), 'raifPart("', '")')
    else:
        packed = between(page(folder), f'<script type="text/plain" id="part-{name}">', "</script>")
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def samples(folder: Path) -> list[dict[str, Any]]:
    """All samples with their texts."""
    listed = part(folder, "index")
    parts = {number: part(folder, str(number)) for number in {one["part"] for one in listed}}
    return [one | parts[one["part"]][one["place"]] for one in listed]


def between(text: str, start: str, end: str) -> str:
    return text.partition(start)[2].partition(end)[0]


@pytest.fixture
def made(trained: Path) -> Path:
    training.write(trained)
    return trained


@pytest.fixture(params=["evaluated", "made"])
def folder(request: pytest.FixtureRequest) -> Path:
    """Of either kind of run."""
    return request.getfixturevalue(request.param)


def test_a_browser_may_run_the_pages_own_script_and_nothing_else(folder: Path) -> None:
    policy = between(page(folder), 'http-equiv="Content-Security-Policy" content="', '">').replace(
        "&#39;", "'"
    )
    named = dict(part.split(" ") for part in policy.split("; "))
    assert named.keys() == {"default-src", "style-src", "script-src"}
    assert named["default-src"] == "'none'"
    for tag in ("style", "script"):
        digest = hashlib.sha256(between(page(folder), f"<{tag}>", f"</{tag}>").encode()).digest()
        assert named[f"{tag}-src"] == f"'sha256-{base64.b64encode(digest).decode()}'"


def test_what_models_wrote_is_data(folder: Path) -> None:
    assert EVIL not in page(folder)
    assert "<img" not in page(folder)
    scripts = re.findall("<script([^>]*)>", page(folder))
    assert [one for one in scripts if 'type="text/plain"' not in one] == [""]


def test_many_samples_lie_beside_the_page(
    evaluated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(evaluated, tmp_path / "copy")
    whole = samples(folder)
    monkeypatch.setattr(html, "INSIDE", 0)
    finished.write_page(folder)
    assert samples(folder) == whole
    assert 'type="text/plain"' not in page(folder)
    assert page(folder).count("&#39;self&#39; file:") == 1
    monkeypatch.undo()
    finished.write_page(folder)
    assert not (folder / "report.samples").exists()


def test_the_index_has_none_of_the_texts_and_parts_are_read_one_by_one() -> None:
    """5 MB of thinking that can hardly be compressed."""
    rng = random.Random(0)
    found = [
        PageSample(f"s{n}", "passed", [("user", "Go.")], [Shown("answer", noise(rng, 6000), "", [], [])], {})
        for n in range(800)
    ]
    parts = pack(found)
    assert len(parts["index"]) < 20_000
    assert max(map(len, parts.values())) < 500_000
    assert len(parts) == 1 + 10


def noise(rng: random.Random, length: int) -> str:
    return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz ", k=length))


def test_texts_come_back_letter_by_letter(evaluated: Path) -> None:
    found = next(one for one in samples(evaluated) if one["id"] == "ifeval 1")
    assert found["messages"][-1] == ["user", f"Item 1 {EVIL}"]
    assert found["responses"][0]["thinking"] == f"I think {EVIL}"
    assert found["responses"][0]["answer"] == f"one, two {EVIL}"


def test_half_a_character_comes_back(made: Path) -> None:
    assert samples(made)[0]["responses"][1]["answer"] == f"Said {EVIL} {HALF}"


def test_each_benchmark_has_its_own_page_too(evaluated: Path) -> None:
    assert {one["id"].split()[0] for one in samples(evaluated)} == {"ifeval", "ifbench", "infobench"}
    assert {one["id"].split()[0] for one in samples(evaluated / "ifeval")} == {"ifeval"}
    assert "<strong>" not in page(evaluated / "ifeval")


def test_samples_can_be_found_by_what_failed(evaluated: Path) -> None:
    failed = [one for one in samples(evaluated) if "failed" in one["facets"]["result"]]
    assert [one["id"] for one in failed] == ["ifeval 1", "ifeval 3"]
    assert {one["facets"]["check failed"][0] for one in failed} == {"punctuation:no_comma"}


def test_the_papers_row_is_shown_with_the_difference(evaluated: Path) -> None:
    """60% of IFEval's five items; the paper prints 72.82."""
    row = between(page(evaluated / "ifeval"), "<td>Qwen2.5-7B-Instruct, io</td>", "</tr>")
    assert re.findall(r">([^<\s]+)<", row) == ["72.82", "−12.8"]


def test_the_radar_has_a_corner_for_each_of_the_seven(evaluated: Path, tmp_path: Path) -> None:
    write_seven(evaluated, tmp_path)
    radar = between(page(tmp_path), '<figure class="radar">', "</figure>")
    assert re.findall(r'<text class="axis"[^>]*>(\w+)<', radar) == list(SEVEN)
    shapes = re.findall(r'<polygon class="shape (\w+)" points="([^"]*)"', radar)
    assert [(kind, len(points.split())) for kind, points in shapes] == [
        ("here", 7),
        ("first", 7),
        ("second", 7),
    ]


def write_seven(evaluated: Path, folder: Path) -> None:
    """A report of the seven, and IFBench, which is not one of them."""
    one = saved.read(evaluated / "ifeval")
    assert not isinstance(one, Suite)
    rows = tuple(
        PaperRow("Qwen2.5-7B-Instruct", method, 70.0, Interval(10.0, 0.0, 20.0))
        for method in ("io", "sft", "ours")
    )
    figure = PaperFigure("figure", Interval(0.8, 0.7, 0.9), rows)
    reports = [replace(one, benchmark=name, paper=(figure,)) for name in (*SEVEN, "ifbench")]
    saved.write(folder, saved.suite(reports))
    for name in (*SEVEN, "ifbench"):
        (folder / name).mkdir()
        (folder / name / "verdicts.jsonl").touch()
    finished.write_page(folder)


def test_before_and_after_stand_side_by_side_with_their_verdicts(made: Path) -> None:
    found = samples(made)[0]
    assert [one["name"] for one in found["responses"]] == ["untrained", "whole recipe", "expert answers"]
    assert [one["verdicts"][0]["passed"] for one in found["responses"]] == [False, True, True]
    assert found["responses"][0]["verdicts"][0]["reason"] == EVIL
    assert found["facets"]["change"] == ["better"]


def test_groups_of_training_are_shown_with_their_rewards(made: Path) -> None:
    found = next(one for one in samples(made) if one["id"] == "step 7 train-7-1")
    assert found["responses"][0]["notes"] == ["reward -1.00", "thinking"]
    assert found["responses"][3]["notes"] == ["reward +3.00", "plain", "left out"]


def test_kinds_have_their_shares_before_and_after(made: Path) -> None:
    row = between(page(made), "punctuation:no_comma</th>", "</tr>")
    assert re.findall(r'<td class="count">([^<]*)<', row) == ["25.0", "75.0", "25.0"]


def test_a_panel_without_a_finite_number_is_left_out(made: Path) -> None:
    assert "<strong>Reward</strong>" in page(made)
    assert "Gradient norm" not in page(made)


def test_the_doctors_findings_are_shown(made: Path) -> None:
    assert "no end, step 2" in page(made)


def test_a_page_is_made_again_from_the_folder(folder: Path) -> None:
    before = page(folder)
    (folder / "report.html").unlink()
    assert CliRunner().invoke(app, ["report", str(folder)]).exit_code == 0
    assert page(folder) == before


def test_a_run_without_held_out_prompts_has_its_curves(trained: Path) -> None:
    (trained / "report.json").unlink()
    training.write(trained)
    assert "<strong>Reward</strong>" in page(trained)
    assert "before and after" not in page(trained)


def test_a_half_written_line_is_left_out(made: Path) -> None:
    before = page(made)
    with (made / "metrics.jsonl").open("a") as file:
        file.write('{"step": 101, "rew')
    training.write(made)
    assert page(made) == before


def test_a_folder_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not a finished run"):
        CliRunner().invoke(app, ["report", str(tmp_path)], catch_exceptions=False)
