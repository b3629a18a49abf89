#!/usr/bin/env bash
# One machine with 4 GPUs: 2 train, 1 judges, 1 samples. Same batches as on 16, so the same run, but slower.
#
#   4-gpus.sh [PRESET]
rollout_urls="[http://127.0.0.1:8200]"
. "$(dirname "$0")/common.sh"

CUDA_VISIBLE_DEVICES=2 serve "$judge" --backend vllm --judge --port 8100
CUDA_VISIBLE_DEVICES=3 serve "$(model)" --backend vllm --rollout --port 8200
ready http://127.0.0.1:8100/v1
ready http://127.0.0.1:8200/v1
CUDA_VISIBLE_DEVICES=0,1 torchrun --nproc_per_node 2 --no-python \
  raif train "${run_keys[@]}" "${judge_keys[@]}" "${rollout_keys[@]}" \
  --set optimizer.micro_batch=2
