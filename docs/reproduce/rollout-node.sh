#!/usr/bin/env bash
# The second machine of 16-gpus.sh: 8 copies of the model sample. Stop with Ctrl-C. Open the port only to the trainer.
#
#   rollout-node.sh [PRESET]
. "$(dirname "$0")/common.sh"

serve "$(model)" --backend vllm --rollout --data-parallel 8 --host 0.0.0.0 --port 8200
wait
