"""What ruins a run later: the doctor's look at the last steps, compared with the first and the best ones.

Pure functions of metrics.jsonl's lines. A healthy run has no finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from raif.config.train import TrainConfig
from raif.train.doctor import Finding, Seen, examine
from raif.types import Instruction

RECENT = 10
"""How many steps are taken together: so many of the last, of the first, and of the best."""
COLLAPSE = 1.0
"""By how much the reward, from -3 to 3, falls below its best."""
GROWN, CUT = 2.0, 0.25
"""Responses so many times as long as at first, and so large a share of them cut off."""
SHRUNK, THOUGHTLESS = 0.3, 0.2
"""Responses, or their thinking, down to this share of their length at first."""
NO_ENTROPY, ENTROPY_LEFT = 0.05, 0.2
"""Nats of a token, and the share of the entropy at first."""
KL_FAR, KL_GROWN = 1.0, 5.0
"""Nats of a token, and how many times the KL at first."""
RISES = (
    (
        "repetition", 0.3, 0.15,
        "responses repeat themselves",
        "a response's 4-grams occurred before in it",
        "Go back to an earlier checkpoint; raise loss.kl or loss.cloning, or lower optimizer.lr.",
    ),
    (
        "answers_alike", 0.5, 0.15,
        "answers become alike",
        "a step's prompts are answered with the same four words",
        "See samples/: one sentence may pass the checks of any prompt. Raise loss.cloning, which keeps the "
        "experts' way of answering.",
    ),
    (
        "answers_echo", 0.15, 0.1,
        "answers repeat their thinking",
        "the answers have eight words in a row from it",
        "See samples/: a draft of the answer is fine, but a copied line about the request passes checks for "
        "words. The reward substance with echoes: false takes back what was given for it.",
    ),
)  # fmt: skip
"""Shares: so high, and by so much higher than at first; the finding, of what the share is, what to do."""
ROUNDING = 1e-9

Line = Mapping[str, Any]


def watch(config: TrainConfig, history: Sequence[Line]) -> list[Finding]:
    """What is wrong with the last RECENT steps of a run. `history`: the metrics of all its steps."""
    steps = [line for line in history if line["phase"] == history[-1]["phase"] != "cloning"]
    if len(steps) < RECENT:
        return []
    now = mean(steps[-RECENT:])
    found = examine(Seen(config, now))
    if now.get("keep_ratio") == 0 and not now.get("direct_share"):
        found.append(
            Finding(
                "contrast keeps nothing",
                f"no thinking response of the last {RECENT} steps took part in the policy loss",
                "Plain responses score higher in every group: teach thinking with cloning.warmup_steps, or "
                "give harder records. contrast=false keeps all groups.",
            )
        )
    if len(steps) >= 2 * RECENT:
        found += changes(mean(steps[:RECENT]), now, best_reward(steps[:-RECENT]))
    return found


def changes(first: Mapping[str, float], now: Mapping[str, float], best: float | None) -> Iterator[Finding]:
    """From the first steps to the last ones, all as means. `best`: the highest reward in between."""

    def both(name: str) -> tuple[float, float] | None:
        return (first[name], now[name]) if name in first and name in now else None

    if best is not None and now.get("reward", best) <= best - COLLAPSE:
        yield Finding(
            "the reward collapsed",
            f"the reward fell from {best:+.2f} to {now['reward']:+.2f}",
            "Go back to a checkpoint before the fall, and lower optimizer.lr or raise loss.kl. samples/ show "
            "what the responses have become.",
        )
    if (tokens := both("response_tokens")) and tokens[0]:
        grown, cut = tokens[1] / tokens[0], now.get("truncated_share", 0.0)
        if grown >= GROWN and cut >= CUT:
            yield Finding(
                "responses run into the limit",
                f"responses grew from {tokens[0]:.0f} to {tokens[1]:.0f} tokens, and {cut:.0%} are cut off",
                "Set rollout.overlong, which punishes length softly, or raise rollout.max_new_tokens. "
                "loss.normalisation=dr_grpo doesn't favour long wrong responses.",
            )
        if grown <= SHRUNK:
            yield Finding(
                "responses shrink",
                f"responses shrank from {tokens[0]:.0f} to {tokens[1]:.0f} tokens",
                "See samples/: short answers may pass the checks without answering. Raise loss.kl or "
                "loss.cloning, or give records with more constraints.",
            )
    if (words := both("thinking_words")) and words[1] < THOUGHTLESS * words[0]:
        yield Finding(
            "thinking shrinks",
            f"thinking shrank from {words[0]:.0f} to {words[1]:.0f} words",
            "It isn't worth its tokens any more: raise loss.cloning, or give harder records.",
        )
    for name, high, more, finding, what, advice in RISES:
        if (share := both(name)) and share[1] >= max(high, share[0] + more):
            yield Finding(finding, f"{share[1]:.0%} of {what}, {share[0]:.0%} at first", advice)
    if (entropy := both("entropy")) and entropy[1] <= min(NO_ENTROPY, ENTROPY_LEFT * entropy[0]):
        yield Finding(
            "the entropy is gone",
            f"the entropy of a token fell from {entropy[0]:.2f} to {entropy[1]:.3f}: responses hardly differ",
            "Raise loss.clip_high (DAPO: 0.28) or rollout.temperature, or lower optimizer.lr.",
        )
    if (kl := both("kl")) and kl[1] >= max(KL_FAR, KL_GROWN * kl[0]):
        yield Finding(
            "the KL explodes",
            f"the KL to the initial model grew from {kl[0]:.3f} to {kl[1]:.2f} a token",
            "Lower optimizer.lr or optimizer.max_grad_norm, or raise loss.kl, from a checkpoint before that.",
        )


def best_reward(steps: Sequence[Line]) -> float | None:
    """The highest mean of RECENT steps on end."""
    parts = [mean(steps[i : i + RECENT]) for i in range(0, len(steps) - RECENT + 1, RECENT)]
    return max((part["reward"] for part in parts if "reward" in part), default=None)


def mean(steps: Sequence[Line]) -> dict[str, float]:
    """Of each metric, over the steps that have it; null was not finite."""
    names = dict.fromkeys(name for step in steps for name, value in step.items() if is_number(value))
    return {name: fmean(step[name] for step in steps if is_number(step.get(name))) for name in names}


def is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def of_data(
    config: TrainConfig,
    train: Sequence[Instruction],
    heldout: Sequence[Instruction],
) -> Iterator[Finding]:
    """What is wrong with the records, before the first step."""
    clones = config.method == "grpo" and config.clones and not config.cloning.own
    if clones and not any(record.expert for record in train):
        yield Finding(
            "nothing to clone",
            f"loss.cloning is {config.loss.cloning:g}, and no training record has an expert answer",
            "Set loss.cloning=0, or give records with `expert`.",
        )
    known = {plain(record) for record in train}
    if same := [record.id for record in heldout if plain(record) in known]:
        yield Finding(
            "held-out records are training records",
            f"{len(same)} of {len(heldout)} held-out prompts are training prompts, such as {same[0]}",
            "Leave them out of one of the two, or the held-out table says nothing about unseen prompts.",
        )


def plain(record: Instruction) -> str:
    """The record's messages, whatever their case and spaces."""
    return " ".join(" ".join(message.content for message in record.messages).casefold().split())
