"""From a seed and its constraints to the expert's thinking and answer."""

from __future__ import annotations

import random
from collections.abc import Sequence

from raif.constraints import KINDS, find
from raif.data.builtin.respond import bank
from raif.data.builtin.respond.draft import Draft
from raif.data.builtin.respond.fill import fill
from raif.data.builtin.respond.responder import RESPONDERS, Facts, Stage
from raif.data.builtin.seeds import Seed
from raif.types import Constraint, Expert

_REQUESTS = {
    "en": ("Request: {task}, {title}.", "I am asked for {task}: {title}.", "Wanted: {task} ({title})."),
    "zh": ("请求：{task}，{title}。", "要写的是{task}：{title}。"),
}


def kinds_for(language: str) -> list[str]:
    """The kinds that can be asked in `language` and that the responder can meet in it."""
    return [id for id in RESPONDERS if language in RESPONDERS[id].thoughts and language in KINDS[id].wordings]


def respond(
    seed: Seed, constraints: Sequence[Constraint], rng: random.Random, size: int, remark: str = ""
) -> Expert | None:
    """The best answer that can be made of the seed's sentences, about `size` of them.

    `remark` is a thought on the request as a whole.

    None where too few sentences fit for its structure. Whether the answer passes is for the verifier to say.
    """
    draft = Draft(seed, rng, size)
    facts = _shape(draft, constraints)
    fill(draft)
    if len(draft.sentences) < draft.shape.least:
        return None
    draft.finish()
    lines = [
        RESPONDERS[constraint.id].think(rng, seed.language, constraint, known)
        for constraint, known in zip(constraints, facts, strict=True)
    ]
    return Expert(
        thinking="\n".join([_request(seed, rng), *filter(None, [remark]), *lines]), answer=draft.answer
    )


def _shape(draft: Draft, constraints: Sequence[Constraint]) -> list[Facts]:
    """Let each responder shape the draft, stage by stage; the facts come in the constraints' order."""
    facts: dict[int, Facts] = {}
    for stage in Stage:
        for position, constraint in enumerate(constraints):
            chosen = RESPONDERS[constraint.id]
            if chosen.stage is stage:
                kwargs = find(constraint.id, draft.seed.language).bind(constraint.kwargs)
                facts[position] = chosen.edit(draft, **kwargs)
    return [facts[position] for position in range(len(constraints))]


def _request(seed: Seed, rng: random.Random) -> str:
    task = bank.TASKS[seed.language][seed.task]
    return rng.choice(_REQUESTS[seed.language]).format(task=task, title=seed.title)
