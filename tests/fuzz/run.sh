#!/usr/bin/env bash
# Fuzzes every target for a while, beginning with the corpus kept in tests/fuzz/corpus.
#
#   tests/fuzz/run.sh SECONDS [TARGET…]     SECONDS for each target
#
# Coverage comes from LLVM's own instrumentation, which a stable compiler knows too; the address sanitizer
# needs a nightly one, and the unsafe code of ours that reads input is held to a portable twin. What is found on the way stays in
# target/fuzz/corpus, an input that breaks something in target/fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:?how many seconds for each target?}
shift
host=$(rustc -vV | sed -n 's/^host: //p')
folder="$PWD/target/fuzz"

instrument=(
  --cfg fuzzing
  -Cpasses=sancov-module
  -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
  -Cllvm-args=-sanitizer-coverage-pc-table
  -Cllvm-args=-sanitizer-coverage-trace-compares
)
# The gateway's own versions, and libFuzzer beside them.
cp Cargo.lock tests/fuzz/Cargo.lock
# With a target named, build scripts are built without the flags.
RUSTFLAGS="${instrument[*]}" ${CARGO:-cargo} build --quiet --release \
  --manifest-path tests/fuzz/Cargo.toml --target "$host" --target-dir "$folder"

targets=("$@")
if [ $# = 0 ]; then
  for file in tests/fuzz/targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi
for target in "${targets[@]}"; do
  mkdir -p "$folder/corpus/$target" "$folder/artifacts/$target" "tests/fuzz/corpus/$target"
  log="$folder/$target.log"
  status=0
  "$folder/$host/release/$target" -max_total_time="$seconds" -max_len=8192 -timeout=20 -rss_limit_mb=2048 \
    -use_value_profile=1 -dict=tests/fuzz/tokens.dict -print_final_stats=1 \
    -artifact_prefix="$folder/artifacts/$target/" \
    "$folder/corpus/$target" "tests/fuzz/corpus/$target" >"$log" 2>&1 || status=$?
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  edges=$(grep -oE 'cov: [0-9]+' "$log" | tail -n 1)
  printf 'fuzz: %-10s %9s runs  %s\n' "$target" "${runs:-0}" "${edges:-}"
  if [ "$status" != 0 ]; then
    tail -n 40 "$log" >&2
    printf 'fuzz: %s broke; the input is in %s\n' "$target" "$folder/artifacts/$target" >&2
    exit 1
  fi
done
