"""vLLM's side of a weight update without NCCL: weights come from a safetensors file, or from this process.

Only vLLM imports this module, by the name under which `raif.train.samplers.plugin` registered it. No other
module knows vLLM's private functions (layer-wise reloading, repacking an output head); vLLM 0.32 was seen. If
another version has others, tests/train/samplers/test_colocated.py fails first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor, nn
from vllm.distributed.weight_transfer import WeightTransferEngine
from vllm.distributed.weight_transfer.base import WeightTransferInitInfo, WeightTransferUpdateInfo
from vllm.model_executor.layers.utils import dispatch_cpu_unquantized_gemm
from vllm.model_executor.layers.vocab_parallel_embedding import ParallelLMHead
from vllm.model_executor.model_loader.reload import finalize_layerwise_reload, initialize_layerwise_reload


@dataclass
class Connection(WeightTransferInitInfo):
    """Nothing to agree on in advance."""


@dataclass
class Update(WeightTransferUpdateInfo):
    """All weights, named as in the checkpoint: in a file that this process can read, or as tensors."""

    file: str | None = None
    tensors: Mapping[str, Tensor] | None = None


class DiskEngine(WeightTransferEngine[Connection, Update]):
    """Takes all weights in one update. `start` and `finish` don't touch the model, so it stays whole if the
    trainer dies between them.
    """

    init_info_cls = Connection
    update_info_cls = Update

    def init_transfer_engine(self, init_info: Connection) -> None:
        pass

    def start_weight_update(self) -> None:
        pass

    def receive_weights(self, update_info: Update) -> None:
        weights = load_file(Path(update_info.file)) if update_info.file else update_info.tensors or {}
        initialize_layerwise_reload(self.model)
        self.model.load_weights(weights.items())
        finalize_layerwise_reload(self.model, self.model_config)
        _repack_heads(self.model)

    def finish_weight_update(self) -> None:
        pass

    def shutdown(self) -> None:
        pass


def _repack_heads(model: nn.Module) -> None:
    """On a CPU, an output head multiplies by a packed copy of its weight. A head that is tied to the
    embedding gets its new weight through the embedding, and vLLM does not renew the copy.
    """
    for module in model.modules():
        if isinstance(module, ParallelLMHead) and hasattr(module, "cpu_linear"):
            dispatch_cpu_unquantized_gemm(module, remove_weight=False)
