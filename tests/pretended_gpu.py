"""A pretended GPU: tensors that say `device="cuda"`, hold their values on the CPU, and refuse mixed devices.

An operation on tensors of several devices is first tried on fake ones (`FakeTensorMode`), which raise if CUDA
would not take it. Then it runs on the values, so that code can read them back. Fake tensors alone are not
enough: they have no values, and in a PyTorch built without CUDA their backward pass aborts the process. So
autograd's own code sees these tensors on the device `meta`.

Modes belong to a thread: on the pretended GPU, other threads can't compute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode, unset_fake_temporarily
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten
GPU, CPU = torch.device("cuda", 0), torch.device("cpu")


class OnGpu(Tensor):
    """A tensor on the pretended GPU. Its `values` are on the CPU."""

    values: Tensor

    @staticmethod
    def __new__(cls, values: Tensor) -> OnGpu:
        layout: Any = {"strides": values.stride(), "storage_offset": values.storage_offset()}
        made: Any = Tensor._make_wrapper_subclass(
            cls, values.shape, dtype=values.dtype, device="meta", **layout
        )
        made.values = values
        return made

    @property
    def device(self) -> torch.device:
        return GPU

    @property
    def is_cuda(self) -> bool:
        return True

    @property
    def is_meta(self) -> bool:
        return False

    def tolist(self) -> Any:
        return self.values.tolist()

    def __repr__(self, **_: Any) -> str:
        return f"OnGpu({self.values})"

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise AssertionError(f"{func}: a tensor of the pretended GPU was used outside of it")


class _Pretence(TorchDispatchMode):
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if torch.is_inference_mode_enabled():  # operations made of others arrive whole then
            with self:
                found = func.decompose(*args, **kwargs)
            if found is not NotImplemented:
                return found
        if kwargs.get("device") is not None:
            kwargs["device"] = CPU if torch.device(kwargs["device"]).type == "cpu" else GPU
        taken: list[Tensor] = []
        _mapped(taken.append, [args, *kwargs.values()])
        place = _place(func, args, kwargs, taken)
        if "device" in kwargs:
            kwargs["device"] = CPU
        changed = {id(t.values): t for t in taken if isinstance(t, OnGpu)}

        def placed(value: Tensor) -> Tensor:
            if id(value) in changed:  # in place
                assert changed[id(value)].shape == value.shape, func
                return changed[id(value)]
            return OnGpu(value) if place == GPU else value

        with unset_fake_temporarily():
            return _mapped(placed, func(*_mapped(_value, args), **_mapped(_value, kwargs)))


class _FirstGpu(TorchFunctionMode):
    """Gives `cuda` its number, for which PyTorch would ask a driver."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        def numbered(device: Any) -> Any:
            return GPU if device in ("cuda", torch.device("cuda")) else device

        if func is Tensor.to:
            args = (args[0], *map(numbered, args[1:]))
        return func(*args, **{k: numbered(v) if k == "device" else v for k, v in (kwargs or {}).items()})


def _mapped(work: Callable[[Tensor], Any], tree: Any) -> Any:
    """`tree` with `work` done on its tensors. torch's own pytree takes most of a test's time."""
    if isinstance(tree, Tensor):
        return work(tree)
    if isinstance(tree, (list, tuple)):
        return type(tree)([_mapped(work, each) for each in tree])
    if isinstance(tree, dict):
        return {key: _mapped(work, each) for key, each in tree.items()}
    return tree


def _value(t: Tensor) -> Tensor:
    return t.values if isinstance(t, OnGpu) else t


def _fake(t: Tensor) -> Tensor:
    return torch.empty_strided(t.shape, t.stride(), dtype=t.dtype, device=t.device)


def _place(func: Any, args: Any, kwargs: Any, taken: Sequence[Tensor]) -> torch.device:
    """The device of the operation's results. Raises RuntimeError where CUDA would not take what it gets."""
    if kwargs.get("device"):
        return kwargs["device"]
    devices = {t.device for t in taken}
    if func is aten.copy_.default or len(devices) < 2:
        return taken[0].device if taken else CPU
    mixed = RuntimeError(f"{func}: expected all tensors to be on the same device")
    if func in _INDEXING:  # the indices alone may be elsewhere: on the CPU
        if args[0].device == CPU or any(t.device == CPU for t in args[2:3] if t.dim()):
            raise mixed
        return GPU
    if func is aten._fused_adamw_.default:  # fake tensors don't compare these
        raise mixed
    results: list[Tensor] = []
    _mapped(results.append, func(*_mapped(_fake, args), **_mapped(_fake, kwargs)))
    return results[0].device if results else GPU


_INDEXING = (
    aten.index.Tensor,
    aten.index_put.default,
    aten.index_put_.default,
    aten._index_put_impl_.default,
)


def _load(*args: Any, load: Any = torch.load, **kwargs: Any) -> Any:
    """`torch.load`, which otherwise reads no values under FakeTensorMode."""
    with unset_fake_temporarily():
        return load(*args, **kwargs)


def _card(device: Any) -> Any:
    return SimpleNamespace(name="a pretended GPU", total_memory=80 * 2**30)


@contextmanager
def pretended_gpu() -> Iterator[None]:
    """Inside, `device="cuda"` is the pretended GPU."""
    swaps = torch.__future__.get_swap_module_params_on_conversion()
    torch.__future__.set_swap_module_params_on_conversion(
        True
    )  # tied weights stay tied in `module.to(device)`
    try:
        with (
            FakeTensorMode(),
            _FirstGpu(),
            _Pretence(),
            patch.object(torch, "load", _load),
            patch.object(torch.cuda, "get_device_properties", _card),
        ):
            yield
    finally:
        torch.__future__.set_swap_module_params_on_conversion(swaps)
