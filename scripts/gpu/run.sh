#!/usr/bin/env bash
# Train on a machine without a network, from a carried checkpoint:
#   scripts/gpu/run.sh WHEELS PACK OUT [options of `yuragi train sprint`]
# WHEELS is what wheels.sh wrote, PACK what `yuragi train pack` wrote ("-" begins from nothing), OUT
# gets the packed checkpoint, report.json, log.jsonl, samples.png and this script's log.
set -euo pipefail
wheels=$1 pack=$2 out=$3
shift 3
here=$(cd "$(dirname "$0")/../.." && pwd)
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
{
  "$python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-compile \
    --target "$work/site" "$wheels"/*.whl
  export PYTHONPATH="$work/site:$here/src" PYTHONUNBUFFERED=1
  "$python" "$here/scripts/gpu/found.py"
  if [ "$pack" != - ]; then
    "$python" -m yuragi train unpack "$pack" --runs "$work/runs"
  fi
  "$python" -m yuragi train sprint -o "$out" --runs "$work/runs" --data "$work/data" "$@"
  ls -l "$out"
} 2>&1 | tee "$out/run.log"
