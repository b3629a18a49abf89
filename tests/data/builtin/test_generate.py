"""The folder that gen-data writes."""

import json

import pytest

from raif import records as record_files
from raif.config import load
from raif.config.builtin import BuiltinConfig
from raif.data import generate
from raif.data.builtin.generate import records
from raif.errors import ConfigError

CONFIG = BuiltinConfig(count=60, seed=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "data"
    generate(CONFIG, path)
    return path


def test_two_runs_make_the_same_bytes(folder, tmp_path):
    generate(CONFIG, tmp_path / "again")
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_another_random_seed_makes_other_records(folder, tmp_path):
    generate(BuiltinConfig(count=60, seed=5), tmp_path / "other")
    assert (folder / "train.jsonl").read_bytes() != (tmp_path / "other" / "train.jsonl").read_bytes()


def test_the_files_are_records_with_disjoint_seeds(folder):
    train, held = (list(record_files.read(folder / f"{split}.jsonl")) for split in ("train", "heldout"))
    assert (len(train), len(held)) == (54, 6)
    assert not {r.provenance["seed"] for r in train} & {r.provenance["seed"] for r in held}


def test_the_saved_config_is_the_one_given(folder):
    assert load(BuiltinConfig, "gen-data", file=folder / "config.yaml") == CONFIG


def test_the_funnel_adds_up(folder):
    funnel = json.loads((folder / "card.json").read_text("utf-8"))["funnel"]
    dropped = sum(funnel["impossible"].values()) + sum(funnel["failed"].values()) + funnel["duplicate"]
    assert funnel["drawn"] == dropped + funnel["written"]
    assert funnel["written"] == 60


def test_the_card_counts_every_constraint(folder):
    card = json.loads((folder / "card.json").read_text("utf-8"))
    sizes = card["constraints_per_record"]
    assert sum(card["kind"].values()) == sum(int(size) * count for size, count in sizes.items())
    assert "## Funnel" in (folder / "card.md").read_text("utf-8")


def test_the_card_says_what_answers_without_constraints_pass(folder):
    card = json.loads((folder / "card.json").read_text("utf-8"))
    assert sum(each["drawn"] for each in card["plain_answers"].values()) == sum(card["kind"].values())
    assert all(each["passed"] <= 0.67 for each in card["plain_answers"].values())
    words = card["plain_answers"]["length_constraints:number_words less than"]
    assert sum(count for count, _ in words["bounds"].values()) == words["drawn"]
    assert "What an answer without constraints passes" in (folder / "card.md").read_text("utf-8")


def test_a_share_of_the_training_records_keeps_its_expert_answer_and_nothing_else_changes():
    made, whole = (list(records(BuiltinConfig(count=60, expert_share=share))) for share in (0.2, 1))
    assert [n for n, record in enumerate(made) if record.expert] == [*range(4, 54, 5)]
    assert [r.model_copy(update={"expert": None}) for r in made] == [
        r.model_copy(update={"expert": None}) for r in whole
    ]


def test_progress_hears_every_record(tmp_path):
    heard = []
    generate(BuiltinConfig(count=5), tmp_path / "data", lambda done, total: heard.append((done, total)))
    assert heard == [(done, 5) for done in range(1, 6)]


def test_a_used_folder_is_refused(folder):
    with pytest.raises(ConfigError, match="already holds a run") as refused:
        generate(CONFIG, folder)
    assert "--resume" not in refused.value.hint, "the built-in mode has no such option"


def test_the_preset_is_the_default():
    assert load(BuiltinConfig, "gen-data", preset="builtin") == BuiltinConfig()


@pytest.mark.parametrize(
    "override",
    [
        "min_constraints=6",
        "max_constraints=0",
        "longest=-1",
        "levels={short: 0, middle: 0, long: 0}",
        "judged=2",
        "languages={en: 0, zh: 0}",
        "languages.fr=1",
    ],
)
def test_a_bad_value_names_its_key(override):
    with pytest.raises(ConfigError, match=override.split("=")[0].split(".")[0]):
        load(BuiltinConfig, "gen-data", preset="builtin", overrides=[override])
