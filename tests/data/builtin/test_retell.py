"""Seeds in a model's own words, and records that are made of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from itertools import chain, islice
from pathlib import Path

import pytest

from raif.config.builtin import BuiltinConfig
from raif.config.retell import RetellConfig
from raif.data import records
from raif.data.builtin.retell import ANSWERS, POINTS, RETELLINGS, in_other_words, plain, retell, usable
from raif.data.builtin.seeds import Seed, all_seeds
from raif.data.builtin.words import length_of
from raif.errors import ConfigError, RaifError
from raif.files import jsonl

PACKAGED = Path(str(files("raif.data.builtin"))) / "answers" / "smollm2-135m.jsonl.gz"
CONFIG = RetellConfig(mode="retell", longest=20, samples=2, max_new_tokens=8)


def said(prompt: str, seed: int) -> str:
    """Six sentences that tell the request and the seed from others."""
    places = ("school", "market", "harbour", "station", "village", "theatre")
    return " ".join(f"Answer {seed}, as seen at {place}, has {len(prompt)} parts." for place in places)


class Model:
    """Answers with a number for each prompt, and counts what it is asked."""

    def __init__(self, breaks_off: int = 10**6) -> None:
        self.asked: list[str] = []
        self._left = breaks_off

    def __call__(self, prompts: Sequence[str], seed: int) -> list[str]:
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt
        self.asked += prompts
        return [said(prompt, seed + n) for n, prompt in enumerate(prompts)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("retold") / "run"
    retell(CONFIG, made, Model())
    return made


def test_each_long_enough_answer_is_a_seed_in_its_words(folder: Path) -> None:
    answered = {row["id"]: row["answers"] for row in jsonl.finished(folder / ANSWERS)}
    made = list(jsonl.read(folder / RETELLINGS, Seed))
    assert len(made) == 2 * len(answered) > 20
    for seed in made:
        id, _, number = seed.id.rpartition("-")
        own, other = answered[id][int(number)], answered[id][1 - int(number)]
        texts = [point.text for point in seed.points]
        assert " ".join(texts[:6]) == own
        assert all(text in other for text in texts[6:])
        assert len(texts) == POINTS
        assert all(word.lower() in " ".join(texts).lower() for word in seed.keywords)


def test_a_run_that_was_broken_off_asks_for_the_rest_alone(folder: Path, tmp_path: Path) -> None:
    first, second = Model(breaks_off=3), Model()
    with pytest.raises(KeyboardInterrupt):
        retell(CONFIG, tmp_path / "run", first)
    with (tmp_path / "run" / ANSWERS).open("a") as file:
        file.write('{"id": "torn')
    retell(CONFIG, tmp_path / "run", second, resume=True)
    assert len(first.asked) + len(second.asked) == 2 * len(jsonl.finished(folder / ANSWERS))
    assert (tmp_path / "run" / RETELLINGS).read_bytes() == (folder / RETELLINGS).read_bytes()


def test_answers_that_give_no_seed_are_an_error_that_says_where_they_are(tmp_path: Path) -> None:
    with pytest.raises(RaifError, match="requests has an answer of at least four whole sentences"):
        retell(CONFIG, tmp_path / "run", lambda prompts, seed: ["No."] * len(prompts))
    assert json.loads((tmp_path / "run" / ANSWERS).read_text().splitlines()[0])["answers"] == ["No.", "No."]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("It is a small town. It is a small town. and then", ["It is a small town."]),
        ("1. Go there by train now.\n2. Come back by bus.", []),
        ("Too short. " + "Word and " * 41 + "end.", []),
        ("As an AI I have no town. But yours is nice.", []),
        ("It is late at night! Is it so late already?", ["It is late at night!", "Is it so late already?"]),
    ],
)
def test_whole_sentences_are_usable_once_and_lists_are_not(answer: str, expected: list[str]) -> None:
    assert usable(answer, "en") == expected


def test_a_sentence_is_plain_without_its_marks_or_has_no_plain_form() -> None:
    assert plain('Well, it is "late" (again).') == "Well it is late again."
    assert plain("It is late.") == plain("It is 7 o'clock, or so.") == plain("One thing: sleep.") == ""


def test_what_the_model_left_out_is_packaged() -> None:
    seed = all_seeds()[0]
    (made,) = in_other_words(seed, [said("a", 1), "", "No."])
    assert [point.text for point in made.points[6:]] == [point.text for point in seed.points[: POINTS - 6]]
    assert made.second == seed.second


def test_training_records_speak_in_these_words_and_held_out_ones_are_as_before(folder: Path) -> None:
    keys = {"count": 60, "languages": {"en": 1.0}, "heldout_share": 0.3, "max_constraints": 2}
    keys |= {"kinds": ["change_case:english_lowercase", "startend:end_checker", "startend:quotation"]}
    packaged = BuiltinConfig.model_validate(keys)
    retold = packaged.model_copy(update={"retellings": str(folder / RETELLINGS)})
    assert [*records(retold, "heldout")] == [*records(packaged, "heldout")]
    held = {record.provenance["seed"] for record in records(packaged, "heldout")}
    for record in records(retold):
        assert record.expert
        assert "as seen at" in record.expert.answer
        assert record.provenance["seed"].rpartition("-")[0] not in held


def test_the_packaged_answers_are_to_the_requests_as_they_are_now() -> None:
    prompts = {seed.id: seed.prompt for seed in all_seeds()}
    rows = [row for _, row in jsonl.objects(PACKAGED)]
    short = [s for s in all_seeds() if s.language == "en" and length_of(s.prompt, "en") <= 60]
    assert len(rows) == len(short)
    assert all(row["prompt"] == prompts[row["id"]] and len(row["answers"]) == 3 for row in rows)


def test_packaged_answers_make_the_records_that_their_file_makes(tmp_path: Path) -> None:
    answered = {row["id"]: row["answers"] for _, row in jsonl.objects(PACKAGED)}
    config = RetellConfig(mode="retell", model="smollm2-135m")
    given = chain.from_iterable(answered.values())
    retell(config, tmp_path / "run", lambda prompts, seed: list(islice(given, len(prompts))))
    keys = {"count": 30, "languages": {"en": 1.0}, "max_constraints": 2}
    packaged = BuiltinConfig(**keys, retellings="packaged:smollm2-135m")
    assert [*records(packaged)] == [
        *records(packaged.model_copy(update={"retellings": str(tmp_path / "run" / RETELLINGS)}))
    ]


def test_packaged_answers_of_an_unknown_model_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"retellings: no packaged answers of 'smollm'"):
        next(records(BuiltinConfig(retellings="packaged:smollm", languages={"en": 1.0})))


def test_a_file_that_answers_no_training_request_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    config = BuiltinConfig(retellings=str(tmp_path / "empty.jsonl"), languages={"en": 1.0})
    with pytest.raises(ConfigError, match=r"retellings: .*empty\.jsonl answers none of these requests"):
        next(records(config))
