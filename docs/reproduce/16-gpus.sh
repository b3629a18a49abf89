#!/usr/bin/env bash
# The paper's layout for 7B and 8B models: 4 GPUs train (policy and reference), 4 judge, 8 sample.
#
# Start rollout-node.sh on the second machine first, then on the first, with the second's address:
#
#   ROLLOUT_HOST=10.0.0.2 WEIGHTS=/shared/weights 16-gpus.sh [PRESET]
rollout_urls="[http://${ROLLOUT_HOST:-127.0.0.1}:8200]"
. "$(dirname "$0")/common.sh"

CUDA_VISIBLE_DEVICES=4,5,6,7 serve "$judge" --backend vllm --judge --data-parallel 4 --port 8100
ready http://127.0.0.1:8100/v1
CUDA_VISIBLE_DEVICES=0,1,2,3 torchrun --nproc_per_node 4 --no-python \
  raif train "${run_keys[@]}" "${judge_keys[@]}" "${rollout_keys[@]}"
