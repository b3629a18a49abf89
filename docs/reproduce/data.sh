#!/usr/bin/env bash
# The paper's data: its released complex instructions, and MATH_RATIO math problems for each (default 1).
#
#   data.sh [MATH_RATIO] [FOLDER]
set -euo pipefail
ratio="${1:-1}"
folder="${2:-data}"

hf download yolay/RAIF-ComplexInstruction-Qwen --repo-type dataset --local-dir "$folder.released"
cat "$folder.released"/*.jsonl > "$folder.released.jsonl"
resume=""
[ ! -e "$folder/config.yaml" ] || resume=--resume
raif gen-data --preset staged --stages decontaminate,pack --out "$folder" $resume \
  --set "input=$folder.released.jsonl" \
  --set 'pack.math={dataset: agentica-org/DeepScaleR-Preview-Dataset}' --set "pack.math_ratio=$ratio"
