#!/usr/bin/env bash
# The second machine of 16-gpus.sh: 8 rollout engines. Ends with Ctrl-C. Open the port to the trainer alone.
#
#   rollout-node.sh [PRESET]
. "$(dirname "$0")/common.sh"

serve "$(model)" --backend vllm --rollout --data-parallel 8 --host 0.0.0.0 --port 8200
wait
