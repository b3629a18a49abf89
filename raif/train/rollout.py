"""From records to groups of scored responses. A group is an object from the moment it is sampled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from raif.config.rollout import RolloutConfig
from raif.errors import RaifError
from raif.judge.judge import Judge
from raif.models.chat import Chat, Mode
from raif.models.decode import Completion
from raif.reasoning import Response, split
from raif.train.ranks import ALONE, Ranks
from raif.train.samplers.sampler import Sampler
from raif.types import SOLVED, Instruction, Reward, Verification
from raif.verdicts.checks import verify_all
from raif.verdicts.reward import overlong, reward, unusable


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


def roll_out(
    sampler: Sampler,
    chat: Chat,
    instructions: Sequence[Instruction],
    config: RolloutConfig,
    *,
    contrast: bool,
    seed: int,
    judge: Judge | None = None,
    ranks: Ranks = ALONE,
) -> list[Group]:
    """Sample and score a group for each instruction, thinking and plain responses side by side."""
    asked = _asked(instructions, config, contrast)
    members: list[list[Rollout | Verification]] = [[] for _ in instructions]
    for group, member in ranks.together(
        asked, lambda first, mine: _respond(mine, sampler, chat, config, judge, seed + first)
    ):
        members[group].append(member)
    return _groups(instructions, members)


def ask_ahead(
    sampler: Sampler,
    chat: Chat,
    instructions: Sequence[Instruction],
    config: RolloutConfig,
    *,
    contrast: bool,
    seed: int,
    ranks: Ranks = ALONE,
) -> None:
    """Have sampled in the background what the next `roll_out`, with the same arguments, will ask for."""
    first, mine = ranks.share(_asked(instructions, config, contrast))
    sampler.ask_ahead(_prompts(mine, chat), [a.count for a in mine], seed=seed + first)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One prompt of a group, and how many responses to it."""

    group: int
    instruction: Instruction
    mode: Mode
    count: int


@dataclass(frozen=True, slots=True)
class _Answer:
    """A sampled response, taken apart."""

    asked: _Asked
    prompt_ids: list[int]
    completion: Completion
    text: str
    response: Response

    @property
    def thinking(self) -> bool:
        return self.asked.mode == "thinking"

    @property
    def unusable(self) -> bool:
        """No judge need be asked: its verdicts don't change the reward."""
        return unusable(self.asked.instruction, self.response, thinking=self.thinking)


def _respond(
    asked: Sequence[_Asked],
    sampler: Sampler,
    chat: Chat,
    config: RolloutConfig,
    judge: Judge | None,
    seed: int,
) -> list[tuple[int, Rollout | Verification]]:
    """The scored responses to all the prompts, each with the number of its group."""
    prompts = _prompts(asked, chat)
    sampled = sampler.sample(prompts, [a.count for a in asked], seed=seed)
    answers = [
        _answer(a, chat, prompt, completion)
        for a, prompt, completions in zip(asked, prompts, sampled, strict=True)
        for completion in completions
    ]
    found = verify_all(
        [(a.asked.instruction, a.response.answer or "") for a in answers],
        [None if a.unusable else judge for a in answers],
    )
    return [(a.asked.group, _score(a, v, config)) for a, v in zip(answers, found, strict=True)]


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
        reasons = (v.reason for g in groups for u in g.unjudged for v in u.counted if v.passed is None)
        raise RaifError(f"no response could be judged: {next(reasons, 'none of its checks counts')}")
    return groups


def _asked(instructions: Sequence[Instruction], config: RolloutConfig, contrast: bool) -> list[_Asked]:
    return [
        _Asked(k, instruction, mode, n)
        for k, instruction in enumerate(instructions)
        for mode, n in _requests(instruction, config.group_size, contrast)
    ]


def _requests(instruction: Instruction, group_size: int, contrast: bool) -> list[tuple[Mode, int]]:
    """Modes and how many responses in each: problems are always thought about, else a quarter is plain."""
    if not contrast or instruction.task in SOLVED:
        return [("thinking", group_size)]
    plain = group_size // 4
    return [("thinking", group_size - plain), ("plain", plain)]


def _prompts(asked: Sequence[_Asked], chat: Chat) -> list[list[int]]:
    return [chat.prompt(a.instruction.messages, a.mode) for a in asked]


def _answer(asked: _Asked, chat: Chat, prompt: list[int], completion: Completion) -> _Answer:
    text = chat.text(completion.ids, asked.mode)
    return _Answer(asked, prompt, completion, text, split(text, chat.style))


def _score(a: _Answer, verification: Verification, config: RolloutConfig) -> Rollout | Verification:
    """The response with its reward; its verdicts alone where they don't say what it is worth."""
    earned = reward(a.asked.instruction, a.response, verification, thinking=a.thinking)
    if earned is None:
        return verification
    length = overlong(len(a.completion.ids), limit=config.max_new_tokens, window=config.overlong)
    return Rollout(
        prompt_ids=a.prompt_ids,
        ids=a.completion.ids,
        logps=a.completion.logps,
        truncated=a.completion.truncated,
        thinking=a.thinking,
        text=a.text,
        response=a.response,
        verification=verification,
        reward=replace(earned, length=length),
    )
