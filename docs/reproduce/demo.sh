#!/usr/bin/env bash
# One change of the demo's recipe in each run: table 4 of the paper, then what a small model might need. A second call
# resumes everything.
#
#   demo.sh [CHANGE]...      all of them by default; the demo's own run, from which they start, comes first
#
# Environment: OUT (runs/demo).
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
out="${OUT:-runs/demo}"
demo="$out/smol-0"

# A step without cloning is shorter, so that 20 instead of 11 take about the same time.
declare -A changes=(
  [no-contrast]="contrast=false"
  [no-cloning]="loss.cloning=0 steps=20"
  [no-contrast-no-cloning]="contrast=false loss.cloning=0 steps=20"
  [math]="data.generate=null data.mix.kk+math=1 data.mix.ifeval=1"  # and the paths of its data, below
  [reference]="reference_quirks.keep_equal_groups=true reference_quirks.divide_by_all=true
    reference_quirks.clone_prompt_tokens=true"
  [hindsight]="cloning.hindsight=0.25"
  [successes]="cloning.successes=0.5"
  [band]="rollout.band=[0.1,0.9]"
  [by-kind]="rollout.contrast_by_kind=true"
  [temperatures]="rollout.temperatures=[0.4,0.7,1.0]"
  [full-marks]='rewards=[format,{"name":"verdicts","kwargs":{"full_marks":true}},math,length]'
  [relevance]="rewards=[format,verdicts,relevance,math,length]"
  [substance]="rewards=[format,verdicts,substance,math,length]"
)
all=(no-contrast no-cloning no-contrast-no-cloning math reference
  hindsight successes band by-kind temperatures full-marks relevance substance)
chosen=("${@:-${all[@]}}")
for change in "${chosen[@]}"; do
  [ -n "${changes[$change]:-}" ] || { echo "$change: one of ${all[*]}" >&2 && exit 2; }
done

# train NAME OPTION...: start or resume a run.
train() {
  raif train --preset smol "${@:2}" --out "$out/$1-0" --resume auto
}

mkdir -p "$out"
train smol --set evaluation.cloning_alone=true
for change in "${chosen[@]}"; do
  options=()
  for each in ${changes[$change]}; do
    options+=(--set "$each")
  done
  case "$change" in
    math) # another warm-up, of other records
      python "$root/benchmarks/math_like.py" 1400 "$out/problems.jsonl"
      options+=(--set "data.train=[$demo/data/train.jsonl,$out/problems.jsonl]")
      options+=(--set "data.heldout=$demo/data/heldout.jsonl")
      ;;
    reference) ;; # its warm-up learns prompts, too
    *) options+=(--warm-up-of "$demo") ;;
  esac
  train "smol-$change" "${options[@]}"
done
python "$root/benchmarks/miniature.py" collect "$out" "$root/docs/results"
python "$root/benchmarks/miniature_page.py" "$root/docs"
