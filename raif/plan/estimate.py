"""Memory and time of a run as lines of text, against what this machine has."""

from __future__ import annotations

from collections.abc import Mapping

from raif.config.train import TrainConfig
from raif.plan.cost import cost
from raif.plan.machine import Device, device, processor_rate
from raif.plan.memory import UNDIVIDED, Sharding, memory
from raif.plan.shapes import Shape, shape_of


def estimate(c: TrainConfig, *, flops: float | None, sharding: Sharding = UNDIVIDED) -> list[str]:
    """`flops`: operations a second of one rank's device; None: measured on a CPU, and unknown on a GPU."""
    shape, found = shape_of(c.model.path), device(c.model.device)
    if shape is None:
        return [f"memory     not known: {c.model.path} is neither a folder nor a model whose shape is listed"]
    return [*_memory(c, shape, found, sharding), *_step(c, shape, found, flops, sharding)]


def _memory(c: TrainConfig, shape: Shape, found: Device | None, sharding: Sharding) -> list[str]:
    used = memory(c, shape, cpu=bool(found and found.name == "CPU"), sharding=sharding)
    phases = [f"in {phase} {_parts(parts)}" for phase, parts in used.phases.items() if parts]
    return [
        f"memory     of a rank at the most, in GB: {_parts(used.always)}",
        f"           {'; '.join(phases)}",
        f"           {used.peak / 1e9:.1f} at the peak; {_fits(used.peak, found)}",
    ]


def _parts(parts: Mapping[str, float]) -> str:
    return ", ".join(f"{size / 1e9:.1f} {name}" for name, size in parts.items() if size)


def _fits(peak: float, found: Device | None) -> str:
    if found is None:
        return "there is no GPU here to compare with"
    verdict = "it fits" if peak <= found.bytes else "it does not fit"
    return f"this machine's {found.name} has {found.bytes / 1e9:.1f}: {verdict}"


def _step(
    c: TrainConfig, shape: Shape, found: Device | None, flops: float | None, sharding: Sharding
) -> list[str]:
    spent = cost(c, shape)
    tokens = f"step       {spent.sampled:,} tokens sampled and {spent.trained:,} learnt from, at the most"
    rate, source = flops, "given"
    if rate is None and found and found.name == "CPU":
        rate, source = processor_rate(), "measured here on float32 products"
    if rate is None:
        return [f"{tokens}; --flops gives the time"]
    times = {name: work / rate / sharding.ranks for name, work in spent.operations.items() if work}
    shown = ", ".join(f"{name} {_time(seconds)}" for name, seconds in times.items())
    return [f"{tokens};", f"           {shown}, at {rate:.1e} FLOP/s a rank ({source}), all of it used"]


def _time(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s"
