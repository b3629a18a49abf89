"""What silently ruins a run, found in its first steps, with what to do about it.

A healthy step has no finding. `raif.train.trends` watches the steps after that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from raif.config.train import TrainConfig
from raif.train.groups import Group
from raif.train.loop import Step, Trainer

FIRST_STEPS = 3
"""How many steps are examined, from the first one with rollouts, or of fine-tuning."""
ALL_CUT, NO_FORMAT = 0.95, 0.02
LOST, UNJUDGED = 0.05, 0.1
ROUNDING = 1e-9
RATIO_OFF = 0.2
"""Mean distance of the ratio from 1: bfloat16 alone makes about 0.05."""
FEW_JUDGMENTS, ONE_SIDED = 20, 0.98
DEAD_ADVICE = {
    "all_pass": "The records are too easy: give harder ones.",
    "all_fail": "The records are too hard, or the answer is not found: see samples/. Give easier ones, or "
    "start with cloning.warmup_steps.",
    "all_alike": "The responses don't differ in what is rewarded: raise rollout.temperature or "
    "rollout.group_size, or give records with more constraints.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, in figures, and what to do about it. `name` identifies the finding."""

    name: str
    what: str
    advice: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known about a step.

    `opening` is what follows the user's text in the first prompt. `left_out` counts the training records
    whose prompt was too long, `records` all of them.
    """

    config: TrainConfig
    metrics: Mapping[str, float]
    groups: Sequence[Group] = ()
    opening: str = ""
    left_out: int = 0
    records: int = 0


def look(trainer: Trainer, step: Step) -> list[Finding]:
    """What is wrong with one of the first steps. Later ones are not examined."""
    c, left_out = trainer.config, trainer.feed.too_long
    start = c.cloning.warmup_steps if c.method == "grpo" else 0
    if not start < trainer.progress.step <= start + FIRST_STEPS:
        return []
    opening = ""
    if group := next((group for group in step.groups if group.rollouts), None):
        prompt = str(trainer.chat.tokenizer.decode(group.rollouts[0].prompt_ids))
        _, found, rest = prompt.rpartition(group.instruction.prompt.strip())
        opening = rest if found else ""
    records = len(trainer.feed.prompts) + left_out
    return examine(Seen(c, step.metrics, step.groups, opening, left_out, records))


def examine(seen: Seen) -> list[Finding]:
    """All that is wrong."""
    return [*_responses(seen), *_signal(seen), *_judge(seen), *_data(seen)]


def _responses(seen: Seen) -> Iterator[Finding]:
    """Responses that never end or never have the format."""
    cut, limit = seen.metrics.get("truncated_share", 0.0), seen.config.rollout.max_new_tokens
    if cut >= ALL_CUT:
        yield Finding(
            "no response ends",
            f"{cut:.0%} of the responses were cut off at {limit} tokens",
            "Raise rollout.max_new_tokens, or teach the model to end with cloning.warmup_steps. Does its "
            "generation config name the token that ends a turn in its chat template?",
        )
    share = seen.metrics.get("format_share", 1.0)
    if share > NO_FORMAT:
        return
    texts = [r.text for g in seen.groups for r in g.rollouts if r.thinking]
    twice = sum(text.count("<think>") > 1 for text in texts)
    if seen.opening.count("<think>") > 1 or 2 * twice > len(texts):
        yield Finding(
            "<think> is opened twice",
            f"{share:.0%} of the responses have the right format: <think> is opened twice, at the end of the "
            "prompt and again by the chat template or the model itself",
            "Remove the opening from the chat template. If samples/ show that the model repeats it, check "
            "model.style, or teach it with cloning.warmup_steps.",
        )
    else:
        yield Finding(
            "no response has the format",
            f"{share:.0%} of the responses have the right format",
            "See samples/ for what is missing. A model that doesn't know the tags learns them with "
            "cloning.warmup_steps; a reasoning model needs model.style=deepseek.",
        )


def _signal(seen: Seen) -> Iterator[Finding]:
    """Groups without a signal, responses without a verdict, log-probabilities of other weights."""
    shares = {part: seen.metrics.get(f"dead_{part}", 0.0) for part in DEAD_ADVICE}
    if sum(shares.values()) >= 1 - ROUNDING:
        parts = ", ".join(f"{share:.0%} {part.replace('_', ' ')}" for part, share in shares.items())
        yield Finding(
            "all groups are dead",
            f"in each group all rewards are equal, so there is nothing to learn: {parts}",
            DEAD_ADVICE[max(shares, key=lambda part: shares[part])],
        )
    unjudged = seen.metrics.get("unjudged_share", 0.0)
    if unjudged >= UNJUDGED:
        reasons = [name.removeprefix("unjudged/") for name in seen.metrics if name.startswith("unjudged/")]
        yield Finding(
            "responses without a verdict",
            f"{unjudged:.0%} of the responses could not be judged and take no part: {'; '.join(reasons[:5])}",
            "A check that crashes, times out or is refused has no verdict: fix it, or leave its records out.",
        )
    if refused := seen.metrics.get("refused_updates", 0.0):
        yield Finding(
            "updates are not finite",
            f"{refused:.2g} updates of a step were not applied: a loss, log-probability or gradient was "
            "infinite or not a number",
            "Lower optimizer.lr or optimizer.max_grad_norm; optimizer.nonfinite says when the run stops.",
        )
    off = seen.metrics.get("ratio_off", 0.0)
    if off >= RATIO_OFF:
        yield Finding(
            "the ratio is far from 1",
            f"ratios are {off:.2f} away from 1 on average, although the policy had just sampled them",
            "The rollouts come from other weights, another temperature or another precision than the "
            "trainer's: check what the rollout engine serves. Or optimizer.lr is far too high.",
        )


def _judge(seen: Seen) -> Iterator[Finding]:
    """A judge that always says the same, or nothing."""
    yes, asked = seen.metrics.get("judge_yes"), seen.metrics.get("judge_questions", 0)
    if yes is not None and asked >= FEW_JUDGMENTS and not 1 - ONE_SIDED < yes < ONE_SIDED:
        said = "yes" if yes > 0.5 else "no"
        yield Finding(
            f"the judge always says {said}",
            f"the judge said {said} to {max(yes, 1 - yes):.0%} of {asked:.0f} questions",
            "Measure it with `raif verify --judge-audit`; use a larger judge.model, or better judge.prompts.",
        )
    undecided = seen.metrics.get("judge_unjudged", 0.0)
    if undecided >= UNJUDGED:
        yield Finding(
            "the judge does not decide",
            f"the judge said neither yes nor no to {undecided:.0%} of the questions",
            "Raise judge.sampling.max_tokens if the judge reasons first, or change judge.model or "
            "judge.prompts.",
        )


def _data(seen: Seen) -> Iterator[Finding]:
    """Records that are left out or cut."""
    if seen.records and seen.left_out / seen.records >= LOST:
        yield Finding(
            "prompts are left out",
            f"{seen.left_out} of the {seen.records} training records have a prompt above "
            f"{seen.config.data.max_prompt_tokens} tokens and are left out",
            "Raise data.max_prompt_tokens.",
        )
    cut = seen.metrics.get("cut_share", 0.0)
    if cut >= LOST:
        key = "sft.max_tokens" if seen.config.method == "sft" else "cloning.max_tokens"
        yield Finding(
            "expert answers are cut",
            f"{cut:.0%} of the expert answers were cut off at {seen.config.clone_limit} tokens",
            f"Raise {key}, or leave the longest answers out: one that is cut teaches never to end.",
        )
