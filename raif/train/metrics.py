"""What a step's groups say about the run, as flat numbers for `metrics.jsonl`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import fmean, pstdev

from raif.train.repetition import repeated_share
from raif.train.rollout import Group, Rollout
from raif.verdicts.reward import FULL, NONE


def group_metrics(groups: Sequence[Group], kept: Sequence[Sequence[bool]]) -> dict[str, float]:
    """Rewards by part, keep ratio, dead groups, lengths and shares, of the thinking responses."""
    rollouts = [r for g in groups for r in g.rollouts if r.thinking]
    plain = [r for g in groups for r in g.rollouts if not r.thinking]
    keep = [
        k
        for g, ks in zip(groups, kept, strict=True)
        for r, k in zip(g.rollouts, ks, strict=True)
        if r.thinking
    ]
    return {
        "reward": fmean(r.reward.total for r in rollouts),
        "reward_std": pstdev(r.reward.total for r in rollouts),
        "reward_format": fmean(r.reward.format for r in rollouts),
        "reward_accuracy": fmean(r.reward.accuracy for r in rollouts),
        "reward_length": fmean(r.reward.length for r in rollouts),
        **({"reward_accuracy_plain": fmean(r.reward.accuracy for r in plain)} if plain else {}),
        "keep_ratio": fmean(keep),
        **_dead(groups),
        **_unjudged(groups),
        **_responses(rollouts),
        **_by_kind(rollouts),
    }


def _dead(groups: Sequence[Group]) -> dict[str, float]:
    """Groups whose rewards are all equal teach nothing: because all is right, all is wrong, or all alike."""
    dead = [g.rollouts[0].reward.accuracy for g in groups if g.rollouts and g.equal]
    all_pass, all_fail = dead.count(FULL), dead.count(NONE)
    parts = {"all_pass": all_pass, "all_fail": all_fail, "all_alike": len(dead) - all_pass - all_fail}
    return {f"dead_{name}": count / len(groups) for name, count in parts.items()}


def _unjudged(groups: Sequence[Group]) -> dict[str, float]:
    """Share of the responses without a verdict, which take no part at all; and how many for which reason."""
    lost = [v.reason for g in groups for u in g.unjudged for v in u.counted if v.passed is None]
    responses = sum(len(g.rollouts) + len(g.unjudged) for g in groups)
    reasons = {f"unjudged/{reason}": float(count) for reason, count in Counter(lost).items()}
    return {"unjudged_share": sum(len(g.unjudged) for g in groups) / responses, **reasons}


def _responses(rollouts: Sequence[Rollout]) -> dict[str, float]:
    return {
        "format_share": fmean(r.response.format_valid for r in rollouts),
        "truncated_share": fmean(r.truncated for r in rollouts),
        "response_tokens": fmean(len(r.ids) for r in rollouts),
        "response_tokens_max": max(len(r.ids) for r in rollouts),
        "thinking_words": fmean(len(r.response.thinking.split()) for r in rollouts),
        "answer_words": fmean(len((r.response.answer or "").split()) for r in rollouts),
        "repetition_reward": -0.1 * fmean(repeated_share(r.text, 8) for r in rollouts),
    }


def _by_kind(rollouts: Sequence[Rollout]) -> dict[str, float]:
    passed: dict[str, list[bool]] = defaultdict(list)
    for verdict in (v for r in rollouts for v in r.verification.counted):
        if verdict.passed is not None:
            passed[verdict.kind].append(verdict.passed)
    return {f"kind/{name}": fmean(values) for name, values in sorted(passed.items())}
