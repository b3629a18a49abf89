"""From prompts to groups of scored responses, and from groups to samples with advantages.

A group is an object from the moment it is sampled. Contrast (superior-CoT enforcement, arXiv 2506.01413)
decides which of its responses take part in the policy loss.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, pstdev

from raif.config.rollout import RolloutConfig
from raif.config.train import PAPER_REWARDS, QuirksConfig
from raif.errors import NothingJudged
from raif.judge.judge import Judge
from raif.models.chat import Chat, Mode
from raif.models.decode import Completion
from raif.reasoning import Response, split
from raif.text.repetition import alike_share, echoes, fresh_words, repeated_share
from raif.train.conversation import at_drawn_turns
from raif.train.logps import Sample
from raif.train.loss import advantages
from raif.train.ranks import ALONE, Ranks
from raif.train.relevance import Gate
from raif.train.samplers.sampler import Sampler
from raif.types import SOLVED, Instruction, Relevance, Reward, Verdict, Verification
from raif.verdicts.checks import verify_all
from raif.verdicts.reward import FULL, NONE, PART, Attempt, Rewards, unusable


@dataclass(frozen=True, slots=True)
class Rollout:
    """One response, scored. ids and logps are of the sampled tokens; `text` also has the prompt's opening."""

    prompt_ids: list[int]
    ids: list[int]
    logps: list[float]
    truncated: bool
    thinking: bool
    text: str
    response: Response
    verification: Verification
    reward: Reward
    relevance: Relevance | None = None
    temperature: float = 1.0


@dataclass(frozen=True, slots=True)
class Group:
    """All judged responses to one instruction, thinking ones first."""

    instruction: Instruction
    rollouts: tuple[Rollout, ...]
    unjudged: tuple[Verification, ...] = ()
    """Of the responses that could not be judged. They are left out of everything, and counted."""

    @property
    def equal(self) -> bool:
        """All rewards are equal: there is nothing to learn."""
        return len({r.reward.total for r in self.rollouts}) <= 1


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt of a group, and how many responses to sample for it."""

    group: int
    instruction: Instruction
    mode: Mode
    count: int


def prompts_of(instructions: Sequence[Instruction], group_size: int, *, contrast: bool) -> list[Prompt]:
    """What is asked for each instruction. With contrast a quarter of a group answers without thinking,
    except for problems with a solution, which are always thought about."""
    prompts = []
    for group, instruction in enumerate(instructions):
        plain = group_size // 4 if contrast and instruction.task not in SOLVED else 0
        prompts.append(Prompt(group, instruction, "thinking", group_size - plain))
        if plain:
            prompts.append(Prompt(group, instruction, "plain", plain))
    return prompts


def roll_out(
    sampler: Sampler,
    chat: Chat,
    instructions: Sequence[Instruction],
    config: RolloutConfig,
    *,
    contrast: bool,
    seed: int,
    rewards: Rewards | None = None,
    judge: Judge | None = None,
    ranks: Ranks = ALONE,
    quirks: QuirksConfig | None = None,
    gate: Gate | None = None,
    longest: int | None = None,
) -> list[Group]:
    """Sample and score a group for each instruction, by default with the paper's rewards.

    `gate` measures the relevance of what passes a check: of the others it would decide nothing. Of a record
    of several turns, the group is for one turn, whose prompt has at most `longest` tokens.
    """

    rewards = rewards or paper_rewards(config)
    instructions = at_drawn_turns(instructions, sampler, chat, seed=seed, longest=longest, ranks=ranks)

    def verified(first: int, mine: Sequence[Prompt]) -> list[tuple[Unscored, Verification]]:
        """This rank's share of the responses, with their verdicts."""
        responses = _sampled(mine, sampler, chat, seed + first, config, quirks)
        verifications = verify_all(
            [(r.prompt.instruction, r.response.answer or "") for r in responses],
            [None if r.unusable else judge for r in responses],
        )
        return list(zip(responses, verifications, strict=True))

    found = ranks.together(prompts_of(instructions, config.group_size, contrast=contrast), verified)
    members: list[list[Member]] = [[] for _ in instructions]
    for (response, verification), relevance in zip(found, _relevance(found, gate), strict=True):
        members[response.prompt.group].append((response, verification, relevance))
    attempts = _attempts(instructions, members)
    earned = ranks.together(attempts, lambda first, mine: [rewards.of_group(each) for each in mine])
    groups = [_grouped(*each) for each in zip(instructions, members, earned, strict=True)]
    if not any(r.thinking for g in groups for r in g.rollouts):
        reasons = (v.reason for g in groups for u in g.unjudged for v in u.counted if v.passed is None)
        raise NothingJudged(
            f"no response could be judged: {next(reasons, 'none of its checks counts')}",
            "Fix the check or the judge, or leave these records out; then --resume.",
        )
    return groups


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
    """Tell the sampler what the next `roll_out`, with the same arguments, will ask for.

    Records of several turns depend on answers of that rollout, so that nothing can be asked ahead of them.
    """
    if any(instruction.then for instruction in instructions):
        return
    first, mine = ranks.share(prompts_of(instructions, config.group_size, contrast=contrast))
    ids = [chat.prompt(p.instruction.messages, p.mode) for p in mine]
    sampler.ask_ahead(ids, [p.count for p in mine], seed=seed + first)


@dataclass(frozen=True, slots=True)
class Unscored:
    """A response, taken apart and not yet scored."""

    prompt: Prompt
    prompt_ids: list[int]
    completion: Completion
    text: str
    response: Response
    temperature: float

    @property
    def thinking(self) -> bool:
        return self.prompt.mode == "thinking"

    @property
    def unusable(self) -> bool:
        """Its verdicts can't change the reward, so no judge is asked."""
        return unusable(self.prompt.instruction, self.response, thinking=self.thinking)

    def attempt(self, verification: Verification, relevance: Relevance | None, fresh_words: int) -> Attempt:
        """What rewards see of it."""
        return Attempt(
            instruction=self.prompt.instruction,
            text=self.text,
            thinking=self.response.thinking,
            answer=self.response.answer,
            format_valid=self.response.format_valid,
            truncated=self.completion.truncated,
            tokens=len(self.completion.ids),
            verification=verification,
            free_to_think=self.thinking,
            relevance=relevance,
            fresh_words=fresh_words,
        )


Member = tuple[Unscored, Verification, Relevance | None]


def _relevance(found: Sequence[tuple[Unscored, Verification]], gate: Gate | None) -> list[Relevance | None]:
    """Of the responses that can be used and pass a check; None for the others."""
    if gate is None:
        return [None] * len(found)
    chosen = [n for n, (r, v) in enumerate(found) if not r.unusable and v.fraction]
    answered = [(found[n][0].prompt.instruction, found[n][0].response.answer or "") for n in chosen]
    measured = dict(zip(chosen, gate(answered), strict=True))
    return [measured.get(n) for n in range(len(found))]


def _attempts(
    instructions: Sequence[Instruction], members: Sequence[Sequence[Member]]
) -> list[list[Attempt]]:
    """What rewards see of each group."""
    own = fresh_words(
        [instruction.prompt for instruction in instructions],
        [[response.response.answer or "" for response, *_ in each] for each in members],
    )
    return [
        [r.attempt(verified, relevance, words) for (r, verified, relevance), words in zip(*each, strict=True)]
        for each in zip(members, own, strict=True)
    ]


def paper_rewards(config: RolloutConfig) -> Rewards:
    return Rewards.of(PAPER_REWARDS, limit=config.max_new_tokens, window=config.overlong)


def _sampled(
    prompts: Sequence[Prompt],
    sampler: Sampler,
    chat: Chat,
    seed: int,
    config: RolloutConfig,
    quirks: QuirksConfig | None,
) -> list[Unscored]:
    ids = [chat.prompt(p.instruction.messages, p.mode) for p in prompts]
    completions = sampler.sample(ids, [p.count for p in prompts], seed=seed)
    found = []
    for prompt, prompt_ids, each in zip(prompts, ids, completions, strict=True):
        for position, completion in enumerate(each):
            text = chat.text(completion.ids, prompt.mode)
            response = split(text, chat.style)
            if quirks and quirks.math_in_whole_output and prompt.instruction.task == "math":
                response = replace(response, answer=text)
            heat = config.heat(position)
            found.append(Unscored(prompt, prompt_ids, completion, text, response, heat))
    return found


def _grouped(
    instruction: Instruction,
    members: Sequence[Member],
    earned: Sequence[Reward | str],
) -> Group:
    """A group of the responses with a reward. Of the others only the verdicts stay."""
    rollouts, unjudged = list[Rollout](), list[Verification]()
    for (s, verification, relevance), reward in zip(members, earned, strict=True):
        if isinstance(reward, Reward):
            rollouts.append(
                Rollout(
                    prompt_ids=s.prompt_ids,
                    ids=s.completion.ids,
                    logps=s.completion.logps,
                    truncated=s.completion.truncated,
                    thinking=s.thinking,
                    text=s.text,
                    response=s.response,
                    verification=verification,
                    reward=reward,
                    relevance=relevance,
                    temperature=s.temperature,
                )
            )
        elif reward in PART:  # its verdicts say why
            unjudged.append(verification)
        else:
            why = Verdict(f"reward:{reward}", None, None, f"the reward {reward} returned None")
            unjudged.append(replace(verification, verdicts=(*verification.verdicts, why)))
    return Group(instruction, tuple(rollouts), tuple(unjudged))


def takes_part(group: Group, quirks: QuirksConfig, helps: bool | None = None) -> list[bool]:
    """For each response of the group: does it take part in the policy loss?

    A group teaches thinking only if thinking was worth it: if the best thinking response reaches the worst
    plain one. Plain responses set this bar and never take part. `helps`: that thinking raises the pass rates
    of the group's kinds is known, or known to be false: then the plain responses take part instead.
    """
    if helps is not None:
        return [r.thinking is helps for r in group.rollouts]
    thinking = [r.reward.content for r in group.rollouts if r.thinking]
    plain = [r.reward.content for r in group.rollouts if not r.thinking]
    worth = not plain or not thinking or max(thinking) >= min(plain)
    if quirks.keep_equal_groups and len(set(thinking)) == 1:
        worth = True
    stored = group.instruction.plain_score if quirks.drop_below_stored else None
    kept = []
    for r in group.rollouts:
        passed = r.verification.fraction
        below = stored is not None and passed is not None and passed < stored
        kept.append(worth and r.thinking and not below)
    return kept


def samples_of(groups: Sequence[Group], kept: Sequence[Sequence[bool]], *, scaled: bool) -> list[Sample]:
    """All responses with their advantages; `scaled`: in standard deviations of their group."""
    samples = []
    for group, keeps in zip(groups, kept, strict=True):
        relative = advantages([r.reward.total for r in group.rollouts], scaled=scaled)
        for r, advantage, keep in zip(group.rollouts, relative, keeps, strict=True):
            heat = r.temperature
            samples.append(Sample(r.prompt_ids, r.ids, r.logps, advantage, keep, temperature=heat))
    return samples


def group_metrics(groups: Sequence[Group], kept: Sequence[Sequence[bool]]) -> dict[str, float]:
    """What a step's groups say about the run, as numbers for metrics.jsonl.

    Of the thinking responses, except where the name says otherwise. `reward/NAME`: what that reward gave,
    before its weight, to the responses that it is for. `relevant_share`: of those measured. `kind_plain/ID`:
    of the responses without thinking. `dead_*`: shares of groups with equal rewards, which teach nothing: all
    right, all wrong, or all alike in another way.
    """
    rollouts = [r for g in groups for r in g.rollouts if r.thinking]
    relevant = [r.relevance.relevant for r in rollouts if r.relevance and r.relevance.relevant is not None]
    plain = [r for g in groups for r in g.rollouts if not r.thinking]
    pairs = [pair for g, ks in zip(groups, kept, strict=True) for pair in zip(g.rollouts, ks, strict=True)]
    dead = [g.rollouts[0].reward.unweighted for g in groups if g.rollouts and g.equal]
    all_pass, all_fail = dead.count(FULL), dead.count(NONE)
    reasons = Counter(v.reason for g in groups for u in g.unjudged for v in u.counted if v.passed is None)
    responses = sum(len(g.rollouts) + len(g.unjudged) for g in groups)
    earned: dict[str, list[float]] = defaultdict(list)
    for name, value in (each for r in rollouts for each in r.reward.values.items()):
        earned[name].append(value)
    passed: dict[str, list[bool]] = defaultdict(list)
    for r in (*rollouts, *plain):
        for verdict in r.verification.counted:
            if verdict.passed is not None:
                passed[f"{'kind' if r.thinking else 'kind_plain'}/{verdict.kind}"].append(verdict.passed)
    return {
        "reward": fmean(r.reward.total for r in rollouts),
        "reward_std": pstdev(r.reward.total for r in rollouts),
        "reward_format": fmean(r.reward.format for r in rollouts),
        "reward_accuracy": fmean(r.reward.accuracy for r in rollouts),
        "reward_length": fmean(r.reward.length for r in rollouts),
        **({"reward_accuracy_plain": fmean(r.reward.accuracy for r in plain)} if plain else {}),
        **{f"reward/{name}": fmean(values) for name, values in earned.items()},
        "keep_ratio": fmean(keep for r, keep in pairs if r.thinking),
        "dead_all_pass": all_pass / len(groups),
        "dead_all_fail": all_fail / len(groups),
        "dead_all_alike": (len(dead) - all_pass - all_fail) / len(groups),
        "unjudged_share": sum(len(g.unjudged) for g in groups) / responses,
        **{f"unjudged/{reason}": float(count) for reason, count in reasons.items()},
        **({"relevant_share": fmean(relevant)} if relevant else {}),
        **_text_metrics(groups),
        **{name: fmean(values) for name, values in sorted(passed.items())},
    }


def _text_metrics(groups: Sequence[Group]) -> dict[str, float]:
    """What the texts of the thinking responses are like."""
    found = [[r for r in g.rollouts if r.thinking] for g in groups]
    answers = [[r.response.answer or "" for r in each] for each in found]
    rollouts = [r for each in found for r in each]
    echoed = [
        echoes(answer, r.response.thinking, g.instruction.prompt)
        for g, texts, each in zip(groups, answers, found, strict=True)
        for answer, r in zip(texts, each, strict=True)
    ]
    return {
        "format_share": fmean(r.response.format_valid for r in rollouts),
        "truncated_share": fmean(r.truncated for r in rollouts),
        "response_tokens": fmean(len(r.ids) for r in rollouts),
        "response_tokens_max": max(len(r.ids) for r in rollouts),
        "thinking_words": fmean(len(r.response.thinking.split()) for r in rollouts),
        "repetition": fmean(repeated_share(r.text) for r in rollouts),
        "answers_alike": alike_share(answers),
        "answers_echo": fmean(echoed),
        "answer_words": fmean(len(answer.split()) for texts in answers for answer in texts),
    }
