"""The checks of gpu_checks.py: `pytest -m gpu` runs them on a GPU.

Without one they run on a pretended GPU (tests/pretended_gpu.py). A tensor that was left or created on the CPU
fails there as it would on a GPU. What can't run so: DeepSpeed, NCCL and vLLM, which need a driver; CUDA's
kernels, with their rounding, memory and speed; what computes in another thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs raif[train]")

from tests.pretended_gpu import pretended_gpu  # noqa: E402
from tests.train.gpu_checks import CHECKS, Missing  # noqa: E402

REAL = torch.cuda.is_available()


@pytest.fixture(
    params=[
        pytest.param(
            "real", marks=[pytest.mark.gpu, pytest.mark.skipif(not REAL, reason="needs a CUDA device")]
        ),
        pytest.param("pretended", marks=pytest.mark.skipif(REAL, reason="there is a real GPU")),
    ],
    autouse=True,
)
def gpu(request: pytest.FixtureRequest) -> Iterator[None]:
    """Makes `device="cuda"` work."""
    with pretended_gpu() if request.param == "pretended" else nullcontext():
        yield


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name.startswith("run") else ()) for name in CHECKS]
)
def test_check(name: str, tmp_path: Path) -> None:
    try:
        CHECKS[name](tmp_path)
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize(
    "mixed",
    [
        lambda here, there: here + there,
        lambda here, there: torch.cat([here, there]),
        lambda here, there: here[there.long()],
        lambda here, there: here[there > 0],
        lambda here, there: torch.where(there > 0, there, here),
        lambda here, there: there.index_put((there.long(),), here),
        lambda here, there: there.gather(0, here.long()),
        lambda here, there: torch.nn.functional.embedding(here.long(), there[:, None]),
    ],
)
def test_mixed_devices_raise(mixed: Any) -> None:
    """Otherwise the pretended GPU would show nothing."""
    with pytest.raises(RuntimeError, match="device"):
        mixed(torch.ones(3), torch.ones(3, device="cuda"))


def test_what_a_gpu_takes_from_the_cpu() -> None:
    here, there = torch.ones(3), torch.ones(3, device="cuda", requires_grad=True)
    (there * here[0])[here > 0].sum().backward()
    assert there.grad is not None
    assert (there.grad.device.type, there.grad.tolist()) == ("cuda", [1.0, 1.0, 1.0])
    assert (there.cpu().device.type, there.sum().item(), bool((there == 1).all())) == ("cpu", 3.0, True)
