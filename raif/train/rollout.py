"""From records to groups of scored responses. A group is an object from the moment it is sampled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from raif.reasoning import Response, split
from raif.reward import reward
from raif.train.chat import Chat, Mode
from raif.train.decode import Completion, decode
from raif.train.model import Model
from raif.types import Instruction, Reward, Verification
from raif.verify import verify


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
    """All responses to one instruction, thinking ones first."""

    instruction: Instruction
    rollouts: tuple[Rollout, ...]


class Sampler(Protocol):
    """What a rollout back-end has to do: prompts' tokens in, sampled tokens with log-probabilities out."""

    def sample(self, prompts: Sequence[list[int]], *, n: int, seed: int) -> list[list[Completion]]:
        """`n` completions of each prompt, in order."""
        ...

    def sync(self) -> None:
        """Take over the policy's weights after an update."""
        ...


class TransformersSampler:
    """Samples from the policy itself, in this process."""

    def __init__(self, model: Model, *, max_new_tokens: int, temperature: float, batch: int) -> None:
        self._model, self._batch = model, batch
        self._max_new_tokens, self._temperature = max_new_tokens, temperature

    def sample(self, prompts: Sequence[list[int]], *, n: int, seed: int) -> list[list[Completion]]:
        generator = torch.Generator(self._model.device).manual_seed(seed)
        self._model.net.set_attn_implementation("sdpa")  # the fastest for one token at a time
        at_once = max(1, self._batch // n)
        completions: list[list[Completion]] = []
        for start in range(0, len(prompts), at_once):
            completions += decode(
                self._model,
                prompts[start : start + at_once],
                n=n,
                max_new_tokens=self._max_new_tokens,
                temperature=self._temperature,
                generator=generator,
            )
        return completions

    def sync(self) -> None:
        """Nothing to do: it samples from the policy itself."""


def roll_out(
    sampler: Sampler,
    chat: Chat,
    instructions: Sequence[Instruction],
    *,
    group_size: int,
    contrast: bool,
    seed: int,
) -> list[Group]:
    """Sample and score a group for each instruction; with `contrast` a quarter of it does not think."""
    members: list[list[Rollout]] = [[] for _ in instructions]
    for k, (mode, n, chosen) in enumerate(_requests(instructions, group_size, contrast)):
        prompts = [chat.prompt(instructions[i].messages, mode) for i in chosen]
        sampled = sampler.sample(prompts, n=n, seed=3 * seed + k)
        for i, prompt, completions in zip(chosen, prompts, sampled, strict=True):
            members[i] += [_score(instructions[i], chat, mode, prompt, c) for c in completions]
    return [Group(i, tuple(m)) for i, m in zip(instructions, members, strict=True)]


def _requests(
    instructions: Sequence[Instruction], group_size: int, contrast: bool
) -> list[tuple[Mode, int, list[int]]]:
    """(mode, responses a prompt, which instructions): math always thinks, the rest leaves a quarter plain."""
    contrasted = [i for i, ins in enumerate(instructions) if contrast and ins.task != "math"]
    others = [i for i in range(len(instructions)) if i not in contrasted]
    plain = group_size // 4
    requests: list[tuple[Mode, int, list[int]]] = [
        ("thinking", group_size - plain, contrasted),
        ("plain", plain, contrasted),
        ("thinking", group_size, others),
    ]
    return [r for r in requests if r[2]]


def _score(
    instruction: Instruction, chat: Chat, mode: Mode, prompt: list[int], completion: Completion
) -> Rollout:
    text = chat.text(completion.ids, mode)
    response = split(text, chat.style)
    verification = verify(instruction, response.answer or "")
    return Rollout(
        prompt_ids=prompt,
        ids=completion.ids,
        logps=completion.logps,
        truncated=completion.truncated,
        thinking=mode == "thinking",
        text=text,
        response=response,
        verification=verification,
        reward=reward(instruction, response, verification, thinking=mode == "thinking"),
    )
