"""A judge in this process: the model's own first token, whatever is in the batch."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import torch

from raif.client.chat import Reply
from raif.config.judge import JudgeConfig
from raif.config.models import LocalConfig
from raif.judge.judge import judge_metrics, open_judge
from raif.judge.judgment import JudgeItem
from raif.models.chat import Chat
from raif.models.load import Model, load
from raif.models.local import LocalJudge, greedy
from raif.types import Message

LOCAL = {"compute": "float32", "device": "cpu", "batch": 4}
ASKED = [[Message(role="user", content="Is it short? " * n)] for n in range(1, 11)]


@pytest.fixture(scope="module")
def decided(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with an output head that only knows yes and no, and is certain."""
    model = load(str(tiny_folder), dtype=torch.float32, device="cpu")
    model.tokenizer.add_tokens(["yes", "no"])
    model.net.resize_token_embeddings(len(model.tokenizer))
    head = torch.zeros_like(model.net.lm_head.weight)
    head[-2:] = 1000 * torch.tensor([[1.0], [-1.0]])
    model.net.config.tie_word_embeddings = False
    model.net.lm_head.weight = torch.nn.Parameter(head)
    folder = tmp_path_factory.mktemp("decided")
    model.net.save_pretrained(folder)
    model.tokenizer.save_pretrained(folder)
    return folder


def replies(folder: Path) -> tuple[list[Reply], list[int]]:
    """The replies to all prompts at once, and the number of rows in each forward pass."""
    local, rows = LocalJudge(str(folder), LocalConfig.model_validate(LOCAL)), []
    local._model.net.register_forward_hook(lambda _, __, out: rows.append(len(out.logits)))

    async def all_at_once() -> list[Reply]:
        return await asyncio.gather(*(local.reply(messages, top_logprobs=20) for messages in ASKED))

    return asyncio.run(all_at_once()), rows


def first_logps(model: Model, messages: list[Message]) -> Any:
    ids = torch.tensor([Chat(model.tokenizer, "none").prompt(messages, "direct")])
    return model.net(input_ids=ids).logits[0, -1].log_softmax(-1)


def test_a_reply_is_the_one_without_a_batch(tiny_folder: Path, tiny: Model) -> None:
    found, _ = replies(tiny_folder)
    for messages, reply in zip(ASKED, found, strict=True):
        logps, tokens = first_logps(tiny, messages).topk(20)
        assert [logp for _, logp in reply.first] == pytest.approx(logps.tolist(), abs=1e-4)
        assert reply.text == reply.first[0][0] == tiny.tokenizer.decode([int(tokens[0])])


def test_greedy_completions_tell_how_many_have_ended(tiny: Model) -> None:
    told: list[tuple[int, int]] = []
    tiny.net.generation_config.eos_token_id = list(range(64))
    prompts = [[5, 6, 7], [8, 9], [14]]
    found = greedy(tiny, prompts, max_new_tokens=20, batch=2, progress=lambda *each: told.append(each))
    together, alone = [len(found[i].ids) for i in (1, 2)], len(found[0].ids)
    of_two = [(sum(length <= n for length in together), 3) for n in range(1, max(together) + 1)]
    assert told == [*of_two, *[(2, 3)] * (alone - 1), (3, 3)]


def test_simultaneous_prompts_are_read_together(tiny_folder: Path) -> None:
    _, rows = replies(tiny_folder)
    assert (max(rows), sum(rows), len(rows)) == (4, 10, 3)


def test_its_judgments_are_those_of_its_log_probabilities(decided: Path, tmp_path: Path) -> None:
    judge = open_judge(JudgeConfig.model_validate({"model": str(decided), "local": LOCAL}), tmp_path)
    assert judge
    with judge:
        found = judge.ask([JudgeItem("Tea?", "Tea " * n, "Warm?") for n in range(12)])
        metrics = judge_metrics(judge.counts)
    assert all(judgment.passed == (judgment.margin > 0) for judgment in found if judgment.margin)
    assert (metrics["judge_questions"], metrics["judge_unjudged"]) == (12, 0)
    assert metrics["judge_yes"] == sum(bool(judgment.passed) for judgment in found) / 12
