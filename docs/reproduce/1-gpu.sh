#!/usr/bin/env bash
# One GPU: everything in one process, including the judge. Same batches as on 16, so the same run; weeks for 7B.
#
#   1-gpu.sh [PRESET]
. "$(dirname "$0")/common.sh"

raif train "${run_keys[@]}" --set distributed.zero=2 "${rollout_here_keys[@]}" \
  --set "judge.model=$judge" --set judge.endpoint.base_url=null --set judge.local.batch=8 \
  --set rollout.vllm.gpu_memory_utilization=0.25 --set rollout.batch=16 \
  --set optimizer.micro_batch=1 --set evaluation.batch=8
