"""From records to groups of scored responses. A group is an object from the moment it is sampled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch

from raif.config.rollout import RolloutConfig
from raif.errors import RaifError
from raif.reasoning import Response, split
from raif.reward import overlong, reward
from raif.solution import solve_ahead
from raif.train.chat import Chat, Mode
from raif.train.decode import Completion, decode
from raif.train.model import Model
from raif.types import SOLVED, Instruction, Reward, Verification
from raif.verdicts import verify


@dataclass(frozen=True, slots=True)
class Rollout:
    """One response, scored. ids and logps are of the sampled tokens; `text` has the prompt's opening too."""

    prompt_ids: list[int]
    ids: list[int]
    logps: list[float]
    truncated: bool
    thinking: bool
    text: str
    response: Response
    verification: Verification
    reward: Reward


@dataclass(frozen=True, slots=True)
class Group:
    """All judged responses to one instruction, thinking ones first."""

    instruction: Instruction
    rollouts: tuple[Rollout, ...]
    unjudged: tuple[Verification, ...] = ()
    """Of responses that could not be judged: they are left out of everything, and counted."""

    @property
    def equal(self) -> bool:
        """All rewards are equal: there is nothing to learn from."""
        return len({r.reward.total for r in self.rollouts}) <= 1


class Sampler(Protocol):
    """What a rollout back-end has to do: prompts' tokens in, sampled tokens with log-probabilities out."""

    def sample(
        self, prompts: Sequence[list[int]], counts: Sequence[int], *, seed: int
    ) -> list[list[Completion]]:
        """As many completions of each prompt as its count says, in order."""
        ...

    def sync(self) -> None:
        """Take over the policy's weights after an update."""
        ...


class TransformersSampler:
    """Samples from the policy itself, in this process."""

    def __init__(self, model: Model, *, max_new_tokens: int, temperature: float, batch: int) -> None:
        self._model, self._batch = model, batch
        self._max_new_tokens, self._temperature = max_new_tokens, temperature

    def sample(
        self, prompts: Sequence[list[int]], counts: Sequence[int], *, seed: int
    ) -> list[list[Completion]]:
        generator = torch.Generator(self._model.device).manual_seed(seed)
        completions: list[list[Completion]] = []
        for chosen in _batches(counts, self._batch):
            completions += decode(
                self._model,
                prompts[chosen],
                counts[chosen],
                max_new_tokens=self._max_new_tokens,
                temperature=self._temperature,
                generator=generator,
            )
        return completions

    def sync(self) -> None:
        """Nothing to do: it samples from the policy itself."""


def _batches(counts: Sequence[int], size: int) -> Iterator[slice]:
    """Runs of prompts with at most `size` responses together, and at least one prompt."""
    start = total = 0
    for i, count in enumerate(counts):
        if total and total + count > size:
            yield slice(start, i)
            start, total = i, 0
        total += count
    yield slice(start, len(counts))


def roll_out(
    sampler: Sampler,
    chat: Chat,
    instructions: Sequence[Instruction],
    config: RolloutConfig,
    *,
    contrast: bool,
    seed: int,
) -> list[Group]:
    """Sample and score a group for each instruction, thinking and plain responses side by side."""
    asked = [
        (k, instruction, mode, n)
        for k, instruction in enumerate(instructions)
        for mode, n in _requests(instruction, config.group_size, contrast)
    ]
    prompts = [chat.prompt(instruction.messages, mode) for _, instruction, mode, _ in asked]
    sampled = sampler.sample(prompts, [n for *_, n in asked], seed=seed)
    _solve_ahead(chat, [(i, mode, c) for (_, i, mode, _), cs in zip(asked, sampled, strict=True) for c in cs])
    members: list[list[Rollout | Verification]] = [[] for _ in instructions]
    for (k, instruction, mode, _), prompt, completions in zip(asked, prompts, sampled, strict=True):
        members[k] += [_score(instruction, chat, mode, prompt, c, config) for c in completions]
    return _groups(instructions, members)


def _solve_ahead(chat: Chat, completions: Sequence[tuple[Instruction, Mode, Completion]]) -> None:
    solve_ahead(
        (instruction, split(chat.text(c.ids, mode), chat.style).answer or "")
        for instruction, mode, c in completions
    )


def _groups(
    instructions: Sequence[Instruction], members: Sequence[Sequence[Rollout | Verification]]
) -> list[Group]:
    groups = [
        Group(
            instruction,
            tuple(m for m in each if isinstance(m, Rollout)),
            tuple(m for m in each if isinstance(m, Verification)),
        )
        for instruction, each in zip(instructions, members, strict=True)
    ]
    if not any(r.thinking for g in groups for r in g.rollouts):
        raise RaifError(f"no response could be judged: {groups[0].unjudged[0].verdicts[-1].reason}")
    return groups


def _requests(instruction: Instruction, group_size: int, contrast: bool) -> list[tuple[Mode, int]]:
    """Modes and how many responses in each: problems are always thought about, else a quarter is plain."""
    if not contrast or instruction.task in SOLVED:
        return [("thinking", group_size)]
    plain = group_size // 4
    return [("thinking", group_size - plain), ("plain", plain)]


def _score(
    instruction: Instruction,
    chat: Chat,
    mode: Mode,
    prompt: list[int],
    completion: Completion,
    config: RolloutConfig,
) -> Rollout | Verification:
    """The response with its reward; its verdicts alone where they don't say what it is worth."""
    text = chat.text(completion.ids, mode)
    response = split(text, chat.style)
    verification = verify(instruction, response.answer or "")
    earned = reward(instruction, response, verification, thinking=mode == "thinking")
    if earned is None:
        return verification
    length = overlong(len(completion.ids), limit=config.max_new_tokens, window=config.overlong)
    return Rollout(
        prompt_ids=prompt,
        ids=completion.ids,
        logps=completion.logps,
        truncated=completion.truncated,
        thinking=mode == "thinking",
        text=text,
        response=response,
        verification=verification,
        reward=replace(earned, length=length),
    )
