"""The reward for slime: `--custom-rm-path raif.integrations.slime.custom_rm`, also with `--group-rm`.

A sample's constraints are in its label (`--label-key`) as JSON text, or in its metadata. For a model that
thinks, name a function of your own:

    custom_rm = partial(raif.integrations.slime.custom_rm, think="deepseek")
"""

from __future__ import annotations

from typing import Any

from raif.integrations import generated, labelled, rewarded
from raif.reasoning import Marks


async def custom_rm(args: Any, sample: Any, *, think: Marks = "none", **others: Any) -> float | list[float]:
    """The share of a sample's constraints that its response follows; of a group, a list of them.

    Raises RaifError if the constraints can't be used or judged.
    """
    if isinstance(sample, list):
        return [_share(one, think) for one in sample]
    return _share(sample, think)


def _share(sample: Any, think: Marks) -> float:
    row = labelled(sample.label if sample.label else sample.metadata)
    return rewarded(row, generated(sample.response, sample.prompt, think), think)[0]
