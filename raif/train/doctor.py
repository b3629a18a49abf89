"""What silently ruins a run, named in its first steps with what to do about it.

A case is a pure function of what was seen of one step; a healthy step has no finding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from raif.config.train import TrainConfig
from raif.train.rollout import Group
from raif.train.trainer import Step, Trainer

FIRST_STEPS = 3
"""Steps, from the first one with rollouts or of fine-tuning, that are looked at."""
ALL_CUT, NO_FORMAT = 0.95, 0.02
LOST, UNJUDGED = 0.05, 0.1
ROUNDING = 1e-9
RATIO_OFF = 0.2
"""Mean distance of the ratio from 1: bfloat16 alone makes about 0.05."""
FEW_JUDGMENTS, ONE_SIDED = 20, 0.98


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, in figures, and what to do about it. `name` tells findings apart."""

    name: str
    what: str
    advice: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to see of a step.

    `opening` is what the first prompt has after the user's text; `left_out` and `records` count the training
    records whose prompt was too long, and all.
    """

    config: TrainConfig
    metrics: Mapping[str, float]
    groups: Sequence[Group] = ()
    opening: str = ""
    left_out: int = 0
    records: int = 0


def look(t: Trainer, step: Step) -> list[Finding]:
    """What is wrong with one of the first steps; nothing is looked at later on."""
    start = t.config.cloning.warmup_steps if t.config.method == "grpo" else 0
    if not start < t.progress.step <= start + FIRST_STEPS:
        return []
    left_out = t.feed.too_long
    records = len(t.feed.prompts) + left_out
    return examine(Seen(t.config, step.metrics, step.groups, _opening(t, step.groups), left_out, records))


def _opening(t: Trainer, groups: Sequence[Group]) -> str:
    group = next((group for group in groups if group.rollouts), None)
    if group is None:
        return ""
    prompt = str(t.chat.tokenizer.decode(group.rollouts[0].prompt_ids))
    _, found, rest = prompt.rpartition(group.instruction.prompt.strip())
    return rest if found else ""


def examine(seen: Seen) -> list[Finding]:
    """All that is wrong with what was seen."""
    return [finding for case in CASES if (finding := case(seen))]


def _no_end(seen: Seen) -> Finding | None:
    share, limit = seen.metrics.get("truncated_share", 0.0), seen.config.rollout.max_new_tokens
    if share < ALL_CUT:
        return None
    return Finding(
        "no response ends",
        f"{share:.0%} of the responses were cut off at {limit} tokens",
        "Raise rollout.max_new_tokens, or teach the model to end with cloning.warmup_steps. Does its "
        "generation config name the token that ends a turn in its chat template?",
    )


def _no_format(seen: Seen) -> Finding | None:
    share = seen.metrics.get("format_share", 1.0)
    if share > NO_FORMAT:
        return None
    texts = [r.text for g in seen.groups for r in g.rollouts if r.thinking]
    twice = sum(text.count("<think>") > 1 for text in texts)
    if seen.opening.count("<think>") > 1 or 2 * twice > len(texts):
        return Finding(
            "<think> is opened twice",
            f"{share:.0%} of the responses have the right format: <think> is opened twice, at the end of the "
            "prompt and again by the chat template or the model itself",
            "Take the opening out of the chat template. Where samples/ show the model repeating it, check "
            "model.style, or teach it by cloning.warmup_steps.",
        )
    return Finding(
        "no response has the format",
        f"{share:.0%} of the responses have the right format",
        "See samples/ for what is missing. A model that doesn't know the tags learns them by "
        "cloning.warmup_steps; a reasoning model needs model.style=deepseek.",
    )


def _dead(seen: Seen) -> Finding | None:
    shares = {part: seen.metrics.get(f"dead_{part}", 0.0) for part in DEAD_ADVICE}
    if sum(shares.values()) < 1 - ROUNDING:
        return None
    most = max(shares, key=lambda part: shares[part])
    return Finding(
        "all groups are dead",
        f"in each of the {len(seen.groups)} groups all rewards are equal, so there is nothing to learn: "
        + ", ".join(f"{share:.0%} {part.replace('_', ' ')}" for part, share in shares.items()),
        DEAD_ADVICE[most],
    )


DEAD_ADVICE = {
    "all_pass": "The records are too easy: give harder ones.",
    "all_fail": "The records are too hard, or the answer is not found: see samples/. Give easier ones, or "
    "start from cloning.warmup_steps.",
    "all_alike": "The responses don't differ in what is rewarded: raise rollout.temperature or "
    "rollout.group_size, or give records with more constraints.",
}


def _unjudged(seen: Seen) -> Finding | None:
    share = seen.metrics.get("unjudged_share", 0.0)
    if share < UNJUDGED:
        return None
    reasons = [name.removeprefix("unjudged/") for name in seen.metrics if name.startswith("unjudged/")]
    return Finding(
        "responses without a verdict",
        f"{share:.0%} of the responses could not be judged and take no part: {'; '.join(reasons[:5])}",
        "A check that crashes, times out or is refused has no verdict: mend it, or leave its records out.",
    )


def _ratio(seen: Seen) -> Finding | None:
    off = seen.metrics.get("ratio_off", 0.0)
    if off < RATIO_OFF:
        return None
    return Finding(
        "the ratio is far from 1",
        f"ratios are {off:.2f} away from 1 on average, although the policy has just been the sampler",
        "The rollouts come from other weights, another temperature or another precision than the trainer's: "
        "check what the rollout engine serves. Or optimizer.lr is far too high.",
    )


def _one_sided_judge(seen: Seen) -> Finding | None:
    yes, asked = seen.metrics.get("judge_yes"), seen.metrics.get("judge_questions", 0)
    if yes is None or asked < FEW_JUDGMENTS or 1 - ONE_SIDED < yes < ONE_SIDED:
        return None
    said = "yes" if yes > 0.5 else "no"
    return Finding(
        f"the judge always says {said}",
        f"the judge said {said} to {max(yes, 1 - yes):.0%} of {asked:.0f} questions",
        "Measure it with `raif verify --judge-audit`; use a larger judge.model, or improve judge.prompts.",
    )


def _undecided_judge(seen: Seen) -> Finding | None:
    share = seen.metrics.get("judge_unjudged", 0.0)
    if share < UNJUDGED:
        return None
    return Finding(
        "the judge does not decide",
        f"the judge said neither yes nor no to {share:.0%} of the questions",
        "Raise judge.sampling.max_tokens if the judge reasons first, or change judge.model or judge.prompts.",
    )


def _prompts_cut(seen: Seen) -> Finding | None:
    if not seen.records or seen.left_out / seen.records < LOST:
        return None
    return Finding(
        "prompts are left out",
        f"{seen.left_out} of the {seen.records} training records have a prompt above "
        f"{seen.config.data.max_prompt_tokens} tokens and are left out",
        "Raise data.max_prompt_tokens.",
    )


def _answers_cut(seen: Seen) -> Finding | None:
    share = seen.metrics.get("cut_share", 0.0)
    if share < LOST:
        return None
    return Finding(
        "expert answers are cut",
        f"{share:.0%} of the expert answers were cut off at {seen.config.sft.max_tokens} tokens",
        "Raise sft.max_tokens, or leave the longest answers out: a cut one teaches never to end.",
    )


CASES: tuple[Callable[[Seen], Finding | None], ...] = (
    _no_end,
    _no_format,
    _dead,
    _unjudged,
    _ratio,
    _one_sided_judge,
    _undecided_judge,
    _prompts_cut,
    _answers_cut,
)
