#!/usr/bin/env bash
# RAIF in miniature: the paper's tables with SmolLM2-135M-Instruct on two CPU cores. A second call resumes everything.
#
#   miniature.sh [data | train | eval | page]...      all of them by default, in this order
#
# Environment: OUT (runs/miniature), PRESETS and SEEDS to train (all presets called mini..., seeds 0 and 1 for table 1),
# MODEL (packaged:smollm2-135m), and RAIF_BENCHMARK_DATA, the folder with IFEval and IFBench (raif eval fetch).
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
out="${OUT:-runs/miniature}"
model="${MODEL:-packaged:smollm2-135m}"
seeds="${SEEDS:-0 1}"
data="$out/data"

table_1=(mini mini-all mini-sft)
others=(mini-warm-up mini-no-contrast mini-no-cloning mini-no-contrast-no-cloning mini-math mini-reference
  mini-hindsight mini-successes mini-band mini-by-kind mini-temperatures mini-full-marks mini-relevance mini-substance)
read -r -a presets <<< "${PRESETS:-${table_1[*]} ${others[*]}}"

# Records with the model's own sentences in the expert answers, and the held-out ones divided by their seed: validation
# to tune on, test for the tables.
data() {
  local resume=() retellings="$model"  # of a packaged model they are packaged, too
  if [[ "$model" != packaged:* ]]; then
    [ ! -e "$out/retold/config.yaml" ] || resume=(--resume)
    retellings="$out/retold/retellings.jsonl"
    [ -e "$retellings" ] ||
      raif gen-data --preset retell --set "model=$model" --out "$out/retold" "${resume[@]}"
  fi
  [ -e "$data/card.md" ] ||
    raif gen-data --preset mini --set "retellings=$retellings" --out "$data" --overwrite
  grep -E '"seed": "[^"]*[02468]"' "$data/heldout.jsonl" > "$data/validation.jsonl"
  grep -E '"seed": "[^"]*[13579]"' "$data/heldout.jsonl" > "$data/test.jsonl"
  python "$root/benchmarks/math_like.py" 1400 "$data/problems.jsonl"
}

# The seeds of a preset: all for the rows of table 1, the first for the others.
seeds_of() {
  case " ${table_1[*]} " in *" $1 "*) echo "$seeds" ;; *) echo "${seeds%% *}" ;; esac
}

# run PRESET SEED [OPTION...]: start or resume a training run. The plan is kept next to its folder. Runs on the same
# records begin at the end of the same warm-up.
run() {
  local preset="$1" seed="$2" folder="$out/$1-$2" train="$data/train.jsonl"
  shift 2
  [ "$preset" != mini-math ] || train="[$train,$data/problems.jsonl]"
  local keys=(--preset "$preset" --set "seed=$seed" --set "model.path=$model"
    --set "data.train=$train" --set "data.heldout=$data/test.jsonl" "$@")
  [ -e "$folder.plan" ] || raif train "${keys[@]}" --dry-run 2> "$folder.plan" > /dev/null
  case "$preset" in
    mini-sft | mini-math | mini-reference | mini-warm-up) ;; # of other records, or with another warm-up
    *)
      [ -e "$out/mini-warm-up-$seed/model" ] || run mini-warm-up "$seed"
      keys+=(--warm-up-of "$out/mini-warm-up-$seed")
      ;;
  esac
  raif train "${keys[@]}" --out "$folder" --resume auto
}

train() {
  local preset seed steps
  for preset in "${presets[@]}"; do
    for seed in $(seeds_of "$preset"); do
      if [ "$preset" = mini-sft ]; then # as long as mini-all trained: a step is one of its warm-up's
        steps="$(python "$root/benchmarks/miniature.py" steps "$out/mini-all-$seed")"
        run mini-sft "$seed" --set "steps=$steps"
      else
        run "$preset" "$seed"
      fi
    done
  done
}

# benchmarks NAME MODEL [OPTION...]: IFEval and IFBench, with relevance by the untrained model, of 50 answers each. An
# answer that the limit cuts off counts as it is, whether its closing tag is missing or the model knows none.
benchmarks() {
  local name="$1" path="$2" benchmark folder
  shift 2
  for benchmark in ifeval ifbench; do
    folder="$out/eval/$name/$benchmark"
    [ ! -e "$folder/report.html" ] || continue
    local resume=()
    [ ! -e "$folder/config.yaml" ] || resume=(--resume)
    raif eval "$benchmark" --model "$path" --out "$folder" "${resume[@]}" \
      --relevance "$model" --set relevance_limit=50 --set system=null --set context.size=null --set sampling.max_tokens=384 \
      --set local.compute=auto --set local.device=cpu --set local.batch=192 --think auto "$@"
  done
}

evaluate() {
  local method preset seed
  for method in io cot sdc; do
    benchmarks "untrained-$method" "$model" --method "$method"
  done
  for preset in "${presets[@]}"; do
    case " ${table_1[*]} " in *" $preset "*) ;; *) continue ;; esac
    for seed in $(seeds_of "$preset"); do
      benchmarks "$preset-$seed" "$out/$preset-$seed/model"
    done
  done
}

# The small JSON files in docs/results, and docs/results.md with its figures, made of these alone.
page() {
  python "$root/benchmarks/miniature.py" collect "$out" "$root/docs/results"
  python "$root/benchmarks/miniature_page.py" "$root/docs"
}

mkdir -p "$out"
for stage in "${@:-all}"; do
  case "$stage" in
    data) data ;;
    train) train ;;
    eval) evaluate ;;
    page) page ;;
    all) data; train; evaluate; page ;;  # no &&: bash would go on after a failure inside
    *) echo "$stage: one of data, train, eval and page" >&2 && exit 2 ;;
  esac
done
