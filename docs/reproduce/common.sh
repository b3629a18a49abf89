# Shared by the scripts in this folder, which start with `. common.sh`. Environment: DATA, OUT, JUDGE, WEIGHTS.
set -euo pipefail

preset="${1:-7b}"
data="${DATA:-data}"
out="${OUT:-runs/$preset}"
judge="${JUDGE:-Qwen/Qwen2.5-7B-Instruct}"
rollout_urls="${rollout_urls:-[]}"

# vLLM servers at $rollout_urls. They read the weights from WEIGHTS, which all machines must see.
rollout_keys=(--set rollout.engine=vllm_server --set "rollout.vllm.urls=$rollout_urls"
  --set "rollout.vllm.folder=${WEIGHTS:-$out/weights}")
# vLLM in the trainer's process, on the same GPU.
rollout_here_keys=(--set rollout.engine=vllm)

run_keys=(--preset "$preset" --out "$out" --strict --resume auto
  --set "data.train=$data/train.jsonl" --set "data.heldout=$data/heldout.jsonl")
judge_keys=(--set "judge.model=$judge" --set "judge.endpoint.base_url=http://127.0.0.1:8100/v1"
  --set judge.endpoint.concurrency=128)

# Print the model that the preset trains.
model() {
  raif train --preset "$preset" --dry-run 2> /dev/null | sed -n 's/^  path: //p' | head -1
}

# Start a server in the background; it ends with the script.
serve() {
  raif serve "$@" &
  trap 'kill $(jobs -p) 2> /dev/null || true' EXIT
}

# Wait until the server at an address ending in /v1 answers. Give up if no server is running any more.
ready() {
  local running
  while running="$(jobs -pr)"; ! curl --silent --fail "$1/models" > /dev/null; do
    [ -n "$running" ] || { echo "the server at $1 has ended" >&2; exit 1; }
    sleep "${PATIENCE:-5}"
  done
}
