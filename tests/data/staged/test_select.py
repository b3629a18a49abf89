"""Seeds: what is dropped and why, which duplicates are found."""

import json

import pytest
import yaml

from raif import records
from raif.config.staged import TOPICS, SelectConfig, StagedConfig, load_either
from raif.data.staged import run
from raif.data.staged.select import clean
from raif.data.staged.similarity import Seen
from raif.data.staged.tags import RULES, by_rules
from raif.errors import ConfigError, RecordError

PROMPTS = [
    "Write a short story about a lighthouse keeper who finds a letter.",
    "How do I bake sourdough bread at home without a mixer?",
    "写一封邮件，向经理说明周五为什么不能参加会议。",
    "Calculate the sum of the first hundred odd numbers and explain each step.",
]


def plain(*prompts, **fields):
    return [{"prompt": prompt, **fields} for prompt in prompts]


@pytest.fixture
def selected(tmp_path, write):
    """Runs select on rows; gives the records, and the drops as (reason, drop)."""

    def of(rows, seed=0, folder="run", **keys):
        source = write("seeds.jsonl", rows)
        config = StagedConfig(
            stages=("select",), seed=seed, select=SelectConfig(sources=({"path": source},), **keys)
        )
        run(config, tmp_path / folder)
        drops = (tmp_path / folder / "select.dropped.jsonl").read_text("utf-8").splitlines()
        return list(records.read(tmp_path / folder / "select.jsonl")), [json.loads(drop) for drop in drops]

    return of


def reasons(drops):
    return [drop["reason"] for drop in drops]


def test_control_characters_and_stray_spaces_are_removed():
    assert clean("\ufeffA\x00 line \r\n\n\n\nnext\u200b\t\n") == "A line\n\nnext"


def test_records_have_prompt_language_and_tags(selected):
    made, _ = selected(plain(*PROMPTS))
    assert [(r.prompt, r.language) for r in made] == list(zip(PROMPTS, ["en", "en", "zh", "en"], strict=True))
    assert [r.provenance["task"] for r in made] == ["story", "howto", "letter", "math"]
    assert [r.provenance["topic"] for r in made] == [
        "literature_and_arts",
        "everyday_life",
        "communication_and_social_media",
        "mathematics",
    ]


def test_each_drop_has_its_reason(selected):
    _, drops = selected(
        [
            {"conversation": [{"role": "user", "content": PROMPTS[0]}], "toxic": True},
            {"prompt": "Hi!"},
            {"prompt": "word " * 2000},
            {"prompt": "Wie ist das Wetter heute in den Bergen?"},
            {"text": "no prompt here"},
        ]
    )
    assert reasons(drops) == [
        "toxic",
        "too short",
        "too long",
        "language not selected",
        "doesn't start with a user's request",
    ]


def test_short_requests_stay(selected):
    made, drops = selected(plain("什么是API？", "Explain recursion", "写首诗", "Write a poem"))
    assert drops == []
    assert [record.language for record in made] == ["zh", "en", "zh", "en"]


def test_a_system_prompt_is_the_records_first_message(selected):
    (made,), _ = selected([{"prompt": PROMPTS[0], "system": " Be brief.\u200b "}])
    assert [(m.role, m.content) for m in made.messages] == [("system", "Be brief."), ("user", PROMPTS[0])]
    assert made.prompt == PROMPTS[0]


def test_a_broken_line_is_dropped_with_its_place(tmp_path):
    source = tmp_path / "seeds.jsonl"
    source.write_text(f'{{"prompt": "{PROMPTS[0]}"}}\nnot JSON\n{{"prompt": "{PROMPTS[1]}"}}\n')
    config = StagedConfig(stages=("select",), select=SelectConfig(sources=({"path": source},)))
    (funnel,) = run(config, tmp_path / "run")
    assert (funnel.read, funnel.kept, dict(funnel.dropped)) == (3, 2, {"broken line": 1})
    drop = json.loads((tmp_path / "run" / "select.dropped.jsonl").read_text())
    assert drop["where"] == f"{source}:2"
    assert drop["error"].startswith(f"{source}:2: line contains invalid json")


def test_the_log_and_the_card_name_each_layout(write, tmp_path):
    chat = {"conversations": [{"from": "human", "value": PROMPTS[0]}]}
    a, b = write("a.jsonl", [chat, *plain(*PROMPTS[1:3])]), write("b.jsonl", [chat])
    b.write_text(b.read_text() + "not JSON\n")
    config = StagedConfig(stages=("select",), select=SelectConfig(sources=({"path": a}, {"path": b})))
    said = []
    (funnel,) = run(config, tmp_path / "run", said=said.append)
    assert said[:3] == [
        f"select: {a}:1: read by its layout: sharegpt",
        f"select: {a}:2: read by its layout: prompt",
        f"select: {b}:1: read by its layout: sharegpt",
    ]
    assert said[3].startswith(f"select: {b}:2: broken, so it is dropped")
    assert funnel.notes[str(a)] == "sharegpt (1), prompt (2)"
    assert funnel.notes[str(b)] == "sharegpt (1), broken line (1)"


def test_a_file_without_requests_is_an_error_and_not_an_empty_run(selected):
    with pytest.raises(RecordError, match="Their columns: text"):
        selected([{"text": "no request here"}])


def test_exact_duplicates_differ_only_in_case_and_punctuation(selected):
    made, drops = selected(plain(PROMPTS[0], PROMPTS[0].upper().replace(".", "!!"), language="en"))
    assert len(made) == 1
    assert reasons(drops) == ["exact duplicate"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (PROMPTS[0], "Write a very short story about a lighthouse keeper who finds a letter."),
        (PROMPTS[1], "How do I bake sourdough bread at home without a stand mixer?"),
        (PROMPTS[2], "请写一封邮件，向经理说明周五为什么不能参加会议。"),
    ],
)
def test_near_duplicates_are_found(one, other):
    seen = Seen(0.7)
    seen.add("first", one)
    found = seen.find(other)
    assert found
    assert found.of == "first"
    assert 0.7 <= found.similarity < 1


@pytest.mark.parametrize(
    "other",
    [
        "Write a short story about a lighthouse in winter.",
        "How do I bake a chocolate cake at home without an oven?",
    ],
)
def test_prompts_that_only_start_alike_are_not_duplicates(other):
    seen = Seen(0.7)
    for prompt in PROMPTS:
        seen.add(prompt, prompt)
    assert seen.find(other) is None


def test_a_drop_names_what_it_duplicates(selected):
    made, drops = selected(plain(PROMPTS[0], "Please " + PROMPTS[0].lower()))
    assert drops[0]["of"] == made[0].id


def test_no_tag_has_more_than_its_cap(selected):
    topics = ["bread", "soup", "rice", "tea", "coffee", "cake"]
    made, drops = selected(
        plain(*(f"How do I cook {t} for {t} lovers in a restaurant?" for t in topics)), cap=2
    )
    assert len(made) == 2
    assert set(reasons(drops)) == {"more of its task than the cap"}


def test_the_seed_determines_the_sample(selected):
    things = ["apples", "bears", "clouds", "drums", "eagles", "forests", "gloves", "hats"]
    prompts = plain(
        *(f"Tell a tale of the {thing} in the land of {thing[::-1]}." for thing in things), language="en"
    )

    def sample(seed, folder):
        return [record.prompt for record in selected(prompts, seed=seed, count=3, folder=folder)[0]]

    assert sample(1, "a") == sample(1, "b")
    assert len({tuple(sample(seed, f"run-{seed}")) for seed in range(5)}) > 1


def test_topics_can_be_chosen(selected):
    made, drops = selected(plain(*PROMPTS, "Zzz and zzz", language="en"), topics=["everyday_life"])
    assert [record.prompt for record in made] == [PROMPTS[1]]
    assert reasons(drops) == ["topic not selected"] * 3 + ["unknown topic"]


def test_an_unknown_topic_is_named():
    with pytest.raises(ConfigError, match="'food'"):
        load_either(overrides=["mode=staged", "select.topics=[food]"])


@pytest.mark.parametrize(
    ("text", "task", "topic"),
    [
        ("Fix the bug in this Python function", "code", "programming"),
        ("把下面的句子翻译成英文", "translate", "language_and_culture"),
        ("帮我制定一个三天的北京旅游行程计划", "plan", "planning_and_projects"),
        ("Zzz", "other", "other"),
    ],
)
def test_tags(text, task, topic):
    assert by_rules(text) == (task, topic)


def test_there_are_rules_for_every_topic():
    rules = yaml.safe_load(RULES.read_text("utf-8"))
    assert set(rules["topics"]) == set(TOPICS)
