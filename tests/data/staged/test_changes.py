"""What a resumed or replaced run may change, and that no change makes it pay twice."""

from __future__ import annotations

import json
from copy import deepcopy
from importlib import import_module

import pytest
import yaml

from raif.client.paid import Budget
from raif.config.staged import StagedConfig
from raif.data.staged import run
from raif.errors import ConfigError
from tests.chat_server import chat_server
from tests.data.staged.faults import READ, WRITTEN, FaultyTeacher

WORDS = ("ships", "lights", "keepers", "storms", "ropes", "gulls")
STAGES = ["select", "evolve", "respond", "check", "pack"]


def rows(words):
    return [{"prompt": f"Tell me about the {word} of a harbour."} for word in words]


@pytest.fixture
def pipeline(write, tmp_path):
    """Runs the pipeline with other keys, and returns its last funnel, the requests that it sent and what it
    said."""
    script = FaultyTeacher()
    with chat_server(script) as server:
        model = {
            "model": "m",
            "endpoint": {"base_url": server.base_url, "concurrency": 4},
            "prices": {"read": READ, "written": WRITTEN},
        }
        tree = {
            "stages": STAGES,
            "tagger": model,
            "teacher": model,
            "select": {"sources": [{"path": str(write("seeds.jsonl", rows(WORDS)))}], "near_duplicate": 1.0},
            "evolve": {
                "kinds": ["punctuation:no_comma", "detectable_format:title"],
                "max_checks": 3,
                "compositions": {"and": 2, "selection": 1},
            },
            "pack": {"heldout_share": 0.2},
        }

        def go(changes=None, **how):
            changed = deepcopy(tree)
            for key, value in (changes or {}).items():
                *above, last = key.split(".")
                section = changed
                for name in above:
                    section = section.setdefault(name, {})
                section[last] = value
            before, said = len(server.requests), []
            config = StagedConfig.model_validate(changed)
            *_, pack = run(config, tmp_path / "run", said=said.append, **how)
            return pack, server.asked[before:], "\n".join(said)

        yield go
    assert set(script.answered.values()) == {1}, "a request was paid for twice"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("teacher.endpoint.concurrency", 9, "concurrency: 4 -> 9"),
        ("teacher.prices", {"read": 5, "written": 5}, "teacher.prices.read: 1.0 -> 5.0"),
        ("max_failed", 0.5, "max_failed: 0.05 -> 0.5"),
    ],
)
def test_what_decides_nothing_can_change_and_is_said(pipeline, key, value, words):
    pipeline()
    pack, asked, said = pipeline({key: value}, resume=True)
    assert (pack.kept, asked) == (6, [])
    assert words in said
    assert "done again" not in said


def test_another_check_of_the_quality_asks_only_its_own_questions(pipeline):
    pipeline({"check.qualities": ["unsafe"]})
    pack, asked, said = pipeline({"check.qualities": ["unsafe", "hallucination"]}, resume=True)
    assert pack.kept == 6
    assert len(asked) == 6
    assert all("<fault>" in text for text in asked)
    assert 'check.qualities: ["unsafe"] -> ["unsafe", "hallucination"]' in said
    assert "check, pack: done again" in said


def test_a_larger_count_asks_only_for_what_is_new(pipeline):
    _, first, _ = pipeline({"select.count": 4})
    pack, more, said = pipeline({"select.count": 6}, resume=True)
    assert pack.kept == 6
    assert first
    assert more
    assert "select.count: 4 -> 6" in said


def test_a_longer_source_keeps_what_is_still_in_the_sample(pipeline, write):
    many = [f"thing number {n}" for n in range(40)]
    write("seeds.jsonl", rows(many[:20]))
    own = {"stages": ["select", "evolve", "pack"], "select.count": 10}
    pipeline(own)
    write("seeds.jsonl", rows([*many[20:22], *many[:20]]))
    pack, asked, _ = pipeline(own, resume=True)
    tagged = sum("<topics>" in text for text in asked)
    assert (pack.kept, tagged) == (10, 2)
    assert len({word for word in many[:20] if any(f"{word} of" in text for text in asked)}) == 0


@pytest.mark.parametrize(
    ("changes", "again"),
    [
        ({"pack.heldout_share": 0.5}, "pack: done again"),
        ({"respond.answers": 3}, "respond, check, pack: done again"),
        ({"evolve.per_seed": 2}, "evolve, respond, check, pack: done again"),
        ({"select.min_characters": 9}, "select, evolve, respond, check, pack: done again"),
        ({"stages": ["select", "evolve", "respond", "pack"]}, "pack: done again"),
        ({"stages": ["select", "evolve", "pack"]}, "pack: done again"),
    ],
)
def test_the_stages_that_a_key_decides_are_done_again(pipeline, changes, again, tmp_path):
    pipeline()
    _, _, said = pipeline(changes, resume=True)
    assert f"\n{again}, from the replies that are kept" in said


def test_a_stage_that_has_not_begun_can_change_without_a_word_about_others(pipeline):
    pipeline({"stages": ["select", "evolve"]})
    pack, _, said = pipeline({"check.qualities": ["unsafe"]}, resume=True)
    assert pack.kept == 6
    assert "done again" not in said


def test_another_seed_is_another_run(pipeline, tmp_path):
    pipeline()
    with pytest.raises(ConfigError, match="seed: 0 -> 1"):
        pipeline({"seed": 1}, resume=True)


def test_replacing_a_run_keeps_its_replies_and_their_cost(pipeline):
    before = Budget()
    pipeline(budget=before)
    after = Budget(max_tokens=before.spent.tokens)
    pack, asked, _ = pipeline({"check.qualities": ["unsafe"]}, overwrite=True, budget=after)
    assert (pack.kept, asked) == (6, [])
    assert after.spent == pytest.approx(before.spent)


@pytest.mark.parametrize("how", ["resumed", "in the middle"])
def test_rows_put_in_front_of_a_source_are_not_lost(pipeline, write, tmp_path, how):
    """Stages know items by their position: without a look at the source, the new rows would be taken for
    those that are done."""
    pipeline({"stages": ["select", "pack"]})
    if how == "in the middle":  # as after kill -9
        (tmp_path / "run" / "select.funnel.json").unlink()
        first = json.dumps({"number": 0, "dropped": "too short"})
        (tmp_path / "run" / "select.journal").write_text(first + "\n")
    write("seeds.jsonl", rows(["cranes", "anchors", *WORDS]))
    pack, asked, said = pipeline({"stages": ["select", "pack"]}, resume=True)
    assert pack.kept == 8
    assert len(asked) == 2
    assert 'rows of select.sources.0: "6 records' in said
    assert "8 records" in said


def test_another_input_starts_again_from_the_first_stage(write, tmp_path):
    records = [{"id": str(n), "messages": [{"role": "user", "content": f"Tell me {n}."}]} for n in range(6)]
    config = StagedConfig(stages=("pack",), input=write("in.jsonl", records[1:]))
    assert run(config, tmp_path / "run")[0].kept == 5
    write("in.jsonl", records)
    said = []
    assert run(config, tmp_path / "run", resume=True, said=said.append)[0].kept == 6
    assert "pack: done again, from the replies that are kept" in said


def test_a_prompt_of_ones_own_that_changes_is_asked_again(pipeline, tmp_path):
    folder = tmp_path / "prompts"
    folder.mkdir()
    text = "<fault> $question\n$request\n$answer\nSay no."
    (folder / "en.yaml").write_text(yaml.safe_dump({"quality": text}))
    own = {"prompts": str(folder), "check.qualities": ["unsafe"]}
    pipeline(own)
    (folder / "en.yaml").write_text(yaml.safe_dump({"quality": text + " Or yes."}))
    pack, asked, said = pipeline(own, resume=True)
    assert pack.kept == len(asked) == 6
    assert "prompts of data.en: " in said


def test_a_hubs_data_set_is_known_by_its_commit(monkeypatch):
    import huggingface_hub

    from raif.data.staged.inputs import inputs

    class Hub:
        sha, error = "abc", OSError("no connection")

        def dataset_info(self, name, revision):
            if self.sha is None:
                raise self.error
            return self

    monkeypatch.setattr(huggingface_hub, "HfApi", Hub)
    config = StagedConfig.model_validate({"select": {"sources": [{"dataset": "a/b"}]}, "stages": ["select"]})
    first = inputs(config, {})
    assert first == {"rows of select.sources.0": "commit abc"}
    Hub.sha = None
    assert inputs(config, first) == first
    library = import_module(type(huggingface_hub.get_session()).__module__.partition(".")[0])
    Hub.error = library.HTTPError("no connection")  # in some versions no OSError
    assert inputs(config, first) == first
