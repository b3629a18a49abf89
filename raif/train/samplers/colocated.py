"""vLLM in the trainer's own process, next to the policy: on one GPU, several, or a CPU."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from raif.config.rollout import RolloutConfig
from raif.errors import RaifError
from raif.models.decode import Completion
from raif.serve.backends import BACKEND
from raif.train.samplers.plugin import register
from raif.train.samplers.sampler import (
    Completions,
    Progress,
    Sampler,
    SamplingRequest,
    greedily,
    requests,
    vllm_parameters,
)
from raif.train.samplers.transfer import Weights, write_weights

QUIET = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_LOGGING_LEVEL": "WARNING"}
"""One process, so that weights need not be sent; and no log of vLLM's in the middle of the run's display."""


class ColocatedSampler(Sampler):
    """Samples with a vLLM engine that starts with dummy weights: the first `sync` brings the policy's."""

    def __init__(
        self,
        model: str,
        weights: Weights,
        config: RolloutConfig,
        *,
        dtype: str,
        end_ids: Collection[int],
        max_length: int,
        on_cpu: bool,
        folder: Path,
    ) -> None:
        os.environ.update({name: value for name, value in QUIET.items() if name not in os.environ})
        from vllm import LLM

        register()
        self._weights, self._config, self._end_ids, self._folder = weights, config, end_ids, folder
        self._llm: Any = LLM(
            model=model,
            dtype=dtype,
            load_format="dummy",
            skip_tokenizer_init=True,
            max_model_len=max_length,
            max_num_seqs=config.batch,
            enforce_eager=on_cpu,  # compiling takes a minute on a CPU, and gains little
            enable_chunked_prefill=False if on_cpu else None,  # see `for_cpu`
            logprobs_mode="processed_logprobs",
            weight_transfer_config={"backend": BACKEND},
            gpu_memory_utilization=config.vllm.gpu_memory_utilization,
            kv_cache_memory_bytes=int((config.vllm.kv_cache_gib or 0) * 2**30) or None,
            tensor_parallel_size=config.vllm.tensor_parallel,
        )
        self._llm.init_weight_transfer_engine({"init_info": {}})

    def sample(self, prompts: Sequence[list[int]], counts: Sequence[int], *, seed: int) -> Completions:
        return self._generate(requests(prompts, counts, seed), self._config)

    def greedy(
        self, prompts: Sequence[list[int]], *, max_new_tokens: int, batch: int, progress: Progress
    ) -> list[Completion]:
        config = greedily(self._config, max_new_tokens)
        found: list[Completion] = []
        for start in range(0, len(prompts), batch):
            chosen = prompts[start : start + batch]
            found += [one for (one,) in self._generate(requests(chosen, [1] * len(chosen), 0), config)]
            progress(len(found), len(prompts))
        return found

    def _generate(self, asked: Sequence[SamplingRequest], config: RolloutConfig) -> Completions:
        from vllm import SamplingParams

        outputs = self._llm.generate(
            [{"prompt_token_ids": request.prompt} for request in asked],
            [
                SamplingParams(**vllm_parameters(request, config, self._end_ids), detokenize=False)
                for request in asked
            ],
            use_tqdm=False,
        )
        return [
            [
                Completion(
                    list(o.token_ids),
                    [step[token].logprob for token, step in zip(o.token_ids, o.logprobs, strict=True)],
                    truncated=o.finish_reason == "length",
                )
                for o in sorted(each.outputs, key=lambda o: o.index)
            ]
            for each in outputs
        ]

    def sync(self) -> None:
        self._llm.start_weight_update()
        if self._config.vllm.tensor_parallel == 1:
            update: dict[str, Any] = {"tensors": self._weights()}
        else:  # its workers are other processes
            file = self._folder / "weights.safetensors"
            write_weights(self._weights(), file)
            update = {"file": str(file.resolve())}
        self._llm.update_weights({"update_info": update})
        self._llm.finish_weight_update()
        # The update leaves the old weights' keys and values in the prefix cache.
        if not self._llm.reset_prefix_cache():
            raise RaifError("vLLM did not reset its prefix cache: it is still working on responses")
