"""Planted contamination is found and shown; what only looks similar is kept."""

import json

import pytest

from raif import records
from raif.config.staged import DecontaminateConfig, StagedConfig
from raif.data.staged import run
from raif.data.staged.decontaminate import BenchmarkText, Lengths, Overlap, files_in, texts_of
from raif.errors import ConfigError

LONG = "about the old wooden bridge that has been closed for repairs since the flood of last spring"


@pytest.fixture
def cleaned(tmp_path, write, benchmarks):
    """Runs decontaminate on prompts; gives the ids that are kept, and the drops."""

    def of(*prompts, **keys):
        lines = [{"id": str(n), "messages": [{"role": "user", "content": p}]} for n, p in enumerate(prompts)]
        config = StagedConfig(
            stages=("decontaminate",),
            input=write("in.jsonl", lines),
            decontaminate=DecontaminateConfig(folder=benchmarks, **keys),
        )
        run(config, tmp_path / "run")
        drops = (tmp_path / "run" / "decontaminate.dropped.jsonl").read_text("utf-8").splitlines()
        kept = records.read(tmp_path / "run" / "decontaminate.jsonl")
        return [record.id for record in kept], [json.loads(drop) for drop in drops]

    return of


def test_a_shared_run_of_words_is_shown(cleaned):
    kept, drops = cleaned(f"Tell me more {LONG}!", "Tell me more about bridges.")
    assert kept == ["1"]
    assert drops[0] == {
        "number": 0,
        "reason": "overlaps ifeval",
        "id": "0",
        "benchmark": "ifeval",
        "item": "7",
        "shared": "about the old wooden bridge that has been closed for repairs since the",
    }


def test_case_and_punctuation_hide_nothing(cleaned):
    assert cleaned(LONG.upper().replace(" ", ", "))[0] == []


def test_a_shorter_run_is_kept(cleaned):
    twelve = " ".join(LONG.split()[:12])
    assert cleaned(f"{twelve} beginning")[0] == ["0"]


def test_the_length_of_a_run_can_be_set(cleaned):
    assert cleaned(" ".join(LONG.split()[:12]), words=12)[0] == []


def test_chinese_is_compared_by_characters(cleaned):
    kept, drops = cleaned(
        "请写一段关于台风之夜守护灯塔的回忆，并在结尾点明时间", "请写一段关于台风之夜的回忆"
    )
    assert kept == ["1"]
    assert (drops[0]["benchmark"], drops[0]["item"]) == ("cfbench", "3")
    assert len(drops[0]["shared"]) == 20


def test_a_benchmarks_short_prompt_is_searched_for_as_a_whole(cleaned):
    question = "Is the moon made of cheese, and who said so first?"
    kept, _ = cleaned(f"Answer in verse: {question} Be brief.", "Is the moon made of cheese?")
    assert kept == ["1"]


def test_a_benchmarks_very_short_prompt_matches_only_an_equal_one(cleaned):
    assert cleaned("sing a song", "Sing a song about rivers and the people who live there.")[0] == ["1"]


def test_the_length_in_words_does_not_apply_to_chinese_texts():
    overlap = Overlap(
        [BenchmarkText("b", "1", "一二三四五六七八九十甲乙丙丁戊己庚辛壬癸子丑")],
        spaced=Lengths(3, 2),
        unspaced=Lengths(20, 10),
    )
    assert overlap.find("一二三四五六七八九十") is None


def test_benchmarks_that_are_not_found_are_named(cleaned, tmp_path):
    cleaned("Anything at all.")
    funnel = json.loads((tmp_path / "run" / "decontaminate.funnel.json").read_text("utf-8"))
    assert funnel["notes"]["compared with"] == "ifeval, cfbench"
    assert "infobench" in funnel["notes"]["not found"]


def test_no_benchmark_at_all_is_refused(write, tmp_path):
    config = StagedConfig(
        stages=("decontaminate",),
        input=write("in.jsonl", []),
        decontaminate=DecontaminateConfig(folder=tmp_path),
    )
    with pytest.raises(ConfigError, match="no benchmark's data"):
        run(config, tmp_path / "run")


ITEMS = {
    "ifeval": 541,
    "ifbench": 300,
    "cello": 523,
    "cfbench": 999,
    "complexbench": 1150,
    "fbbench": 734,
    "followbench": 1704,
    "infobench": 500,
}


@pytest.mark.parametrize("name", sorted(ITEMS))
def test_the_public_files_are_read_whole(name, benchmark_data):
    files = files_in(benchmark_data)[name]
    items = {(item.benchmark, item.item, path.parent.name) for path in files for item in texts_of(name, path)}
    assert len(items) >= ITEMS[name]


@pytest.mark.parametrize("name", sorted(ITEMS))
def test_the_public_prompts_contaminate(name, benchmark_data):
    texts = [text for path in files_in(benchmark_data)[name] for text in texts_of(name, path)]
    overlap = Overlap(texts, spaced=Lengths(13, 8), unspaced=Lengths(20, 10))
    assert all(overlap.find(text.text) for text in texts[::10])
