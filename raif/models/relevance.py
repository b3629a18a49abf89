"""Relevance: is an answer likelier under its own prompt than under each of seven others of the set?

A frozen model says how likely an answer is after a prompt (the mean log-probability of its tokens). Filler
and answers to something else are no likelier under their own prompt; nonsense on the topic is, and so is a
copy of the prompt, whose gain is far above that of honest answers. By chance an answer wins once in eight.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from raif.models.attention import roomy_cache
from raif.models.chat import Chat
from raif.models.head import LogitsOf
from raif.models.load import Model, load
from raif.types import Message, Relevance, digest

OTHERS = 7
"""Prompts of the set that an answer's own is compared with."""
ROWS, ROW_TOKENS = 16, 2**15
"""The most answers that are read together after one prompt, and tokens of them with the prompt."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A conversation that was answered, and its language: others in that language are compared first."""

    messages: tuple[Message, ...]
    language: str = "en"

    @property
    def key(self) -> str:
        return digest(self.messages)


@dataclass(frozen=True, slots=True)
class Reading:
    """One prompt, and the positions of the answers that are read after it."""

    prompt: str
    answers: tuple[int, ...]


Work = Callable[[Reading], list[float]]
Spread = Callable[[Sequence[Reading], Work], list[list[float]]]
"""Does the work on each reading, in order: several processes can share it."""


def _alone(readings: Sequence[Reading], work: Work) -> list[list[float]]:
    return [work(reading) for reading in readings]


class Meter:
    """Measures answers by a frozen model, against the prompts of a set.

    An answer's others depend on its conversation and on the set alone, so a resumed run takes the same.
    """

    def __init__(
        self, model: Callable[[], Model], chat: Chat, asked: Sequence[Asked], spread: Spread = _alone
    ) -> None:
        """`model` is called when it is first needed. `asked`: the set."""
        self._model, self._chat, self._spread = model, chat, spread
        distinct = list({each.key: each for each in asked}.values())
        self._circle = random.Random(0).sample(distinct, len(distinct))

    def of(self, answered: Sequence[tuple[Asked, str]]) -> list[Relevance]:
        """The relevance of each answer, in order. An empty one is not relevant; without any other prompt in
        the set, that can't be said."""
        prompts: dict[str, list[int]] = {}
        compared: list[list[str]] = []
        for asked, _ in answered:
            each = [asked, *self.others(asked)]
            compared.append([one.key for one in each])
            for one in each:
                if one.key not in prompts:
                    prompts[one.key] = self._chat.prompt(one.messages, "direct")
        texts = [self._chat.encode(answer) for _, answer in answered]
        found = self._means(prompts, texts, compared)
        return [
            _relevance([found[n, key] for key in keys]) if text else Relevance(relevant=False)
            for n, (text, keys) in enumerate(zip(texts, compared, strict=True))
        ]

    def others(self, asked: Asked) -> list[Asked]:
        """The next OTHERS prompts on a circle of the set, from a place that depends on the conversation;
        those in its language come first.
        """
        start = int(asked.key, 16) % max(1, len(self._circle))
        found, foreign = list[Asked](), list[Asked]()
        for n in range(len(self._circle)):
            one = self._circle[(start + n) % len(self._circle)]
            if one.key != asked.key:
                (found if one.language == asked.language else foreign).append(one)
            if len(found) == OTHERS:
                break
        return (found + foreign)[:OTHERS]

    def _means(
        self, prompts: dict[str, list[int]], texts: Sequence[list[int]], compared: Sequence[Sequence[str]]
    ) -> dict[tuple[int, str], float]:
        """By answer and prompt, the mean log-probability of the answer's tokens after the prompt."""
        after: dict[str, list[int]] = defaultdict(list)
        for n, (text, keys) in enumerate(zip(texts, compared, strict=True)):
            for key in keys if text else ():
                after[key].append(n)
        readings = [
            Reading(key, chosen)
            for key, answers in after.items()
            for chosen in _together(answers, len(prompts[key]), [len(text) for text in texts])
        ]

        def read(reading: Reading) -> list[float]:
            chosen = [texts[n] for n in reading.answers]
            return self._model().call(mean_logps, prompts[reading.prompt], chosen)

        return {
            (n, reading.prompt): mean
            for reading, means in zip(readings, self._spread(readings, read), strict=True)
            for n, mean in zip(reading.answers, means, strict=True)
        }


def _relevance(means: Sequence[float]) -> Relevance:
    """Of the mean log-probabilities under the own prompt and the others."""
    own, *others = means
    return Relevance(own > max(others), own - fmean(others)) if others else Relevance(relevant=None)


def _together(answers: Sequence[int], prompt: int, lengths: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """The answers to be read after a prompt of so many tokens in batches, the longest together."""
    left = sorted(answers, key=lambda n: -lengths[n])
    while left:
        rows = max(1, min(ROWS, ROW_TOKENS // (prompt + lengths[left[0]])))
        yield tuple(left[:rows])
        left = left[rows:]


@torch.no_grad()
def mean_logps(model: Model, prompt: list[int], answers: Sequence[list[int]]) -> list[float]:
    """The mean log-probability of each answer's tokens after the prompt, which is read once for all."""
    lengths = [len(answer) for answer in answers]
    rows, width = len(answers), max(lengths)
    cache = roomy_cache(model.net.config, width)
    ids = torch.tensor([prompt], device=model.device)
    last = _states(model, ids, cache)[:, -1:]  # it predicts the first token
    cache.reorder_cache(torch.zeros(rows, dtype=torch.long, device=model.device))
    targets = torch.tensor([[*a, *[model.pad_id] * (width - len(a))] for a in answers], device=model.device)
    states = last.expand(rows, -1, -1)
    if width > 1:
        states = torch.cat([states, _states(model, targets[:, :-1], cache)], 1)
    places = torch.arange(width, device=model.device)
    real = places < torch.tensor(lengths, device=model.device)[:, None]
    (logps,) = model.head(_of_chunk, states[real], targets[real])
    return [part.mean().item() for part in logps.split(lengths)]


def _states(model: Model, ids: Tensor, cache: Any) -> Tensor:
    """The hidden states of the next tokens, [R, T, D]. Padding on the right needs no mask of its own: what
    comes before it never looks there.
    """
    start = cache.get_seq_length()
    end = start + ids.shape[1]
    out = model.net.base_model(
        input_ids=ids,
        attention_mask=torch.ones(len(ids), end, dtype=torch.long, device=ids.device),
        position_ids=torch.arange(start, end, device=ids.device).expand(len(ids), -1),
        past_key_values=cache,
        use_cache=True,
    )
    states: Tensor = out.last_hidden_state
    return states


def _of_chunk(logits_of: LogitsOf, states: Tensor, targets: Tensor) -> tuple[Tensor]:
    return (-F.cross_entropy(logits_of(states).float(), targets, reduction="none"),)


def open_meter(path: str, asked: Sequence[Asked], *, dtype: str, device: str) -> Meter:
    """A meter by the model at `path`, which is asked plainly. Raises RaifError if it can't be loaded."""
    model = load(path, dtype=getattr(torch, dtype), device=device)
    return Meter(lambda: model, Chat(model.tokenizer, "none"), asked)
