#!/usr/bin/env bash
# The paper's main run and its ablations (table 4) in turn. DATA holds the 1:1 data, DATA_MATH_5 the 5:1 data.
#
#   all.sh 16-gpus | 4-gpus | 1-gpu
set -euo pipefail
layout="$(dirname "$0")/$1.sh"

for preset in 7b ablation-math-only ablation-complex-only ablation-math-0.2 \
  ablation-no-contrast-no-cloning ablation-no-cloning ablation-no-contrast; do
  bash "$layout" "$preset"
done
DATA="${DATA_MATH_5:-data-math-5}" bash "$layout" ablation-math-5
