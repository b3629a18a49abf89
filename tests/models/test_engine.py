"""The engine against transformers' own generation, and against the decoder of training and evaluation."""

from __future__ import annotations

import time
from queue import Queue
from typing import Any

import pytest
import torch

from raif.models.decode import decode
from raif.models.engine import Ask, Engine, Job, Piece
from raif.models.load import Model
from raif.models.sampling import Sampling

PROMPTS = [[5, 6, 7], [8, 9, 10, 11, 12, 13], [14]]
GREEDY = Sampling(temperature=0)


def pieces(engine: Engine, *asks: Ask) -> list[list[list[Piece]]]:
    """What the engine says about each response to each request."""
    told: list[Queue[Piece | Exception]] = [Queue() for _ in asks]
    for ask, queue in zip(asks, told, strict=True):
        engine.submit(ask, queue.put)
    found = []
    for ask, queue in zip(asks, told, strict=True):
        rows: list[list[Piece]] = [[] for _ in range(ask.n)]
        while not all(row and row[-1].ended for row in rows):
            one = queue.get(timeout=60)
            if isinstance(one, Exception):
                raise one
            rows[one.index].append(one)
        found.append(rows)
    return found


def texts(engine: Engine, *asks: Ask) -> list[list[str]]:
    return [["".join(piece.text for piece in row) for row in rows] for rows in pieces(engine, *asks)]


@pytest.fixture
def engine(tiny: Model) -> Engine:
    return Engine(tiny, rows=8)


def text(model: Model, ids: list[int]) -> str:
    kept = [token for token in ids if token not in model.tokenizer.all_special_ids]
    return str(model.tokenizer.decode(kept))


def test_greedy_is_what_generate_gives(engine: Engine, tiny: Model) -> None:
    """So the tokens are those of transformers' own server."""
    found = texts(engine, *(Ask(prompt, 40, sampling=GREEDY) for prompt in PROMPTS))
    for prompt, (one,) in zip(PROMPTS, found, strict=True):
        alone = tiny.net.generate(torch.tensor([prompt]), max_new_tokens=40, do_sample=False)
        assert one == text(tiny, alone[0, len(prompt) :].tolist())


def test_samples_are_those_of_the_decoder_for_the_same_seed(engine: Engine, tiny: Model) -> None:
    found = texts(engine, *(Ask(prompt, 12, seed=7 + i) for i, prompt in enumerate(PROMPTS)))
    expected = decode(tiny, PROMPTS, [1] * 3, max_new_tokens=12, temperature=1.0, seeds=[7, 8, 9])
    assert found == [[text(tiny, row[0].ids)] for row in expected]


def test_a_response_depends_on_its_seed_and_not_on_its_limit_or_company(engine: Engine) -> None:
    ((alone,),) = texts(engine, Ask(PROMPTS[0], 8, seed=3))
    ((other,),) = texts(engine, Ask(PROMPTS[0], 8, seed=4))
    (both, _) = texts(engine, Ask(PROMPTS[0], 30, n=2, seed=3), Ask(PROMPTS[1], 9, seed=1))
    assert alone != other
    assert [
        one.startswith(shorter.rstrip("�")) for one, shorter in zip(both, (alone, other), strict=True)
    ] == [
        True,
        True,
    ]


def test_a_cache_without_enough_room_grows(engine: Engine, tiny: Model, monkeypatch: Any) -> None:
    monkeypatch.setattr("raif.models.engine.ROOM", 2)
    ((found,),) = texts(engine, Ask(PROMPTS[1], 40, sampling=GREEDY))
    alone = tiny.net.generate(torch.tensor([PROMPTS[1]]), max_new_tokens=40, do_sample=False)
    assert found == text(tiny, alone[0, len(PROMPTS[1]) :].tolist())


def test_the_limit_and_the_end_token_say_how_it_ended(engine: Engine, tiny: Model) -> None:
    (((*_, last),),) = pieces(engine, Ask(PROMPTS[0], 3, sampling=GREEDY))
    assert last.ended == "length"
    first = int(tiny.net.generate(torch.tensor([PROMPTS[0]]), max_new_tokens=1, do_sample=False)[0, -1])
    tiny.net.generation_config.eos_token_id = [first]
    assert pieces(Engine(tiny, rows=1), Ask(PROMPTS[0], 3, sampling=GREEDY)) == [
        [[Piece(0, "", None, "stop")]]
    ]


def test_a_stop_string_ends_a_response_before_it(engine: Engine) -> None:
    ((whole,),) = texts(engine, Ask(PROMPTS[0], 30, sampling=GREEDY))
    stop = whole[5:7]
    (((*_, last),),) = pieces(engine, Ask(PROMPTS[0], 30, sampling=GREEDY, stop=[stop]))
    assert last.ended == "stop"
    assert texts(engine, Ask(PROMPTS[0], 30, sampling=GREEDY, stop=[stop])) == [[whole[: whole.find(stop)]]]


def test_log_probabilities_are_the_models_whatever_the_sampling(engine: Engine, tiny: Model) -> None:
    (((one,),),) = pieces(
        engine, Ask(PROMPTS[0], 1, sampling=Sampling(temperature=3.0, top_k=1), candidates=2)
    )
    logps = tiny.net(torch.tensor([PROMPTS[0]])).logits[0, -1].log_softmax(-1)
    best, _ = logps.topk(2)
    assert one.token is not None
    assert one.token.logp == pytest.approx(best[0].item(), abs=1e-4)
    assert [logp for _, logp in one.token.candidates] == pytest.approx(best.tolist(), abs=1e-4)
    assert one.token.candidates[0][0] == one.token.text


def test_requests_that_wait_are_decoded_together_as_far_as_there_are_rows(tiny: Model) -> None:
    engine = Engine(tiny, rows=4)
    for _ in range(3):
        engine._waiting.put(Job(Ask([5], 1, n=2), lambda piece: None))
    assert [len(engine._together()), engine._next is not None] in ([2, True], [1, False])


def test_an_abandoned_request_makes_room(engine: Engine) -> None:
    told: Queue[Piece | Exception] = Queue()
    job = engine.submit(Ask(PROMPTS[0], 8000, sampling=GREEDY), told.put)
    told.get(timeout=60)
    job.abandoned = True
    start = time.monotonic()
    texts(engine, Ask(PROMPTS[1], 2))
    assert time.monotonic() - start < 5  # 8,000 tokens would take longer


def test_what_goes_wrong_ends_its_requests_and_nothing_else(engine: Engine) -> None:
    with pytest.raises(IndexError):
        pieces(engine, Ask([10**6], 3))
    assert texts(engine, Ask(PROMPTS[0], 2, sampling=GREEDY))
