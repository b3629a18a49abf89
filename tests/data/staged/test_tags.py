"""Tags by a model: what is read from its replies, what it is asked about, and what it can't say."""

from __future__ import annotations

import json

import pytest

from raif import records
from raif.config import dump
from raif.config.staged import StagedConfig
from raif.data.staged import run
from raif.data.staged.stage import Decision
from raif.data.staged.tags import read_tags
from raif.files import jsonl
from raif.files.runs import CONFIG_NAME
from raif.prompts import load_languages
from tests.chat_server import chat_server, completion, last_turn
from tests.teacher import teacher

NIGHT = "Tell me a tale of the harbour at night."
TOPICS = {language: each.tables["topics"] for language, each in load_languages("data").items()}


@pytest.fixture
def selected(tmp_path, write):
    """Runs select with a tagger that answers by `script`; gives records, drops, notes and what was asked."""

    def of(script, *asked, folder="run", done=(), **keys):
        source = write("seeds.jsonl", [{"prompt": prompt} for prompt in asked])
        with chat_server(script) as server:
            model = {"model": "m", "endpoint": {"base_url": server.base_url, "retries": 0}}
            select = {"sources": [{"path": source}], "languages": ["en", "zh"], **keys}
            config = {"stages": ["select"], "tagger": model, "select": select}
            (tmp_path / folder).mkdir()
            if done:
                (tmp_path / folder / CONFIG_NAME).write_text(dump(StagedConfig.model_validate(config)))
                jsonl.write(tmp_path / folder / "select.journal", done)
            (funnel,) = run(StagedConfig.model_validate(config), tmp_path / folder, resume=bool(done))
        dropped = (tmp_path / folder / "select.dropped.jsonl").read_text("utf-8").splitlines()
        kept = list(records.read(tmp_path / folder / "select.jsonl"))
        return kept, [json.loads(line) for line in dropped], funnel.notes, server.asked

    return of


def saying(topic):
    return lambda body: completion(f"Topic: {topic}\nAbility: storytelling")


@pytest.mark.parametrize(
    ("reply", "language", "tags"),
    [
        ("Topic: Mathematics\nAbility: Arithmetic", "en", ("arithmetic", "mathematics")),
        ("**Topic:** problem solving.\n- Ability: “text summary”", "en", ("text summary", "problem_solving")),
        ("Ability: proof\nTopic: Everyday life", "en", ("proof", "everyday_life")),
        ("主题：编程\n能力：代码生成。", "zh", ("代码生成", "programming")),
        ("Topic: Astrology\nAbility: guessing", "en", ("guessing", "other")),
        ("Topic: Mathematics and law\nAbility: " + "very " * 9 + "long", "en", ("other", "other")),
        ("It is about mathematics.", "en", ("other", "other")),
        ("", "en", ("other", "other")),
    ],
)
def test_only_exact_tags_are_read(reply, language, tags):
    assert read_tags(reply, TOPICS[language]) == tags


def test_both_languages_are_asked_with_their_own_names_of_all_topics(selected):
    kept, _, _, asked = selected(teacher, NIGHT, "请介绍一下夜里港口的样子。")
    assert [(r.provenance["task"], r.provenance["topic"]) for r in kept] == [
        ("description", "everyday_life"),
        ("描述", "everyday_life"),
    ]
    for text, names in zip(sorted(asked), (TOPICS["en"], TOPICS["zh"]), strict=True):
        assert all(name in text for name in names.values())


def test_topics_have_different_names():
    assert all(len(set(names.values())) == 26 for names in TOPICS.values())


def test_nothing_is_asked_about_a_row_that_is_dropped_anyway(selected):
    _, drops, _, asked = selected(teacher, NIGHT, "Hi!", NIGHT.upper(), "Please " + NIGHT.lower())
    assert [drop["reason"] for drop in drops] == ["too short", "exact duplicate", "near-duplicate"]
    assert len(asked) == 1


def test_seeds_with_an_unknown_topic_are_counted(selected):
    kept, _, notes, _ = selected(saying("Harbours"), NIGHT)
    assert kept[0].provenance["topic"] == "other"
    assert notes["kept with an unknown topic"] == "1"


def test_seeds_with_an_unknown_topic_are_dropped_if_topics_are_selected(selected):
    _, drops, _, _ = selected(saying("Harbours"), NIGHT, topics=["education"])
    assert [(drop["reason"], drop["topic"]) for drop in drops] == [("unknown topic", "other")]


def test_a_request_that_the_server_refuses_has_no_tags(selected):
    kept, _, _, _ = selected(lambda body: (400, {"error": {"message": "no"}}), NIGHT)
    assert (kept[0].provenance["task"], kept[0].provenance["topic"]) == ("other", "other")


def test_duplicates_are_dropped_before_topics_are_selected(selected):
    def by_first_word(body):
        return saying("Education" if "Please" in last_turn(body) else "Mathematics")(body)

    kept, drops, _, _ = selected(by_first_word, NIGHT, "Please " + NIGHT.lower(), topics=["education"])
    assert kept == []
    assert sorted(drop["reason"] for drop in drops) == ["near-duplicate", "topic not selected"]


def test_a_crash_does_not_change_which_duplicate_is_named(selected):
    """The third seed duplicates both others, which are different enough: the first is always named."""
    rows = (
        "Tell me one old tale of the dark harbour at night in the rain.",
        "Tell me an old sad tale of the quiet harbour at night in the rain.",
        "Tell me an old tale of the dark quiet harbour at night in the rain.",
    )
    kept, drops, _, _ = selected(teacher, *rows, near_duplicate=0.6)
    assert [(drop["number"], drop["of"]) for drop in drops] == [(2, kept[0].id)]
    crashed = [Decision(number=1, record=kept[1])]
    assert selected(teacher, *rows, near_duplicate=0.6, folder="again", done=crashed)[1] == drops
