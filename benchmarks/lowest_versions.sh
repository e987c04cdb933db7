#!/usr/bin/env bash
# Do the lower bounds in pyproject.toml hold? Resolves the dependencies to the lowest versions that are declared,
# installs exactly these beside the package into a temporary folder, and runs a small campaign of every system from the
# command line: list, show, run (two trials per scheme, small sizes), status, check, plot, report, export, verify; then
# a published algorithm and two workers.
#
#   benchmarks/lowest_versions.sh             lowest versions, with the extras `reference` and `cluster`
#   RESOLUTION=highest PYTHON=python3.13 benchmarks/lowest_versions.sh
#
# Needs a Python with venv, and PyPI. About five minutes on two cores.
set -euo pipefail

repository=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}
resolution=${RESOLUTION:-lowest-direct}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$python" -m venv "$folder/uv"
"$folder/uv/bin/python" -m pip install --quiet --disable-pip-version-check uv
uv="$folder/uv/bin/uv"
"$python" -m venv --without-pip "$folder/venv"
target="$folder/venv/bin/python"

"$uv" pip compile --quiet --no-header --resolution "$resolution" --python "$target" \
  --extra reference --extra cluster "$repository/pyproject.toml" --output-file "$folder/versions.txt" >/dev/null
"$uv" pip install --quiet --python "$target" --requirement "$folder/versions.txt"
"$uv" pip install --quiet --python "$target" --no-deps "$repository"
"$target" --version
grep -E '^(cvxpy|clarabel|distributed|jax|jaxlib|jaxtyping|matplotlib|numpy|platformdirs|pydantic|qics|rich|scipy|sgp4|typer|xarray)==' \
  "$folder/versions.txt"

cd "$folder"
export LEOISAC_CACHE_DIR="$folder/cache"
leoisac() { "$folder/venv/bin/leoisac" "$@"; }

leoisac --version
leoisac list >/dev/null
# The system's own small sizes, as one --set for each.
sizes_of() {
  "$target" -c "
import sys
from leoisac import catalogue
for name, value in catalogue.find(sys.argv[1]).small.items():
    print('--set', f'{name}={list(value) if isinstance(value, tuple) else value}', sep='\n')
" "$1"
}

for system in $("$target" -c "import leoisac as li; print(*li.systems())"); do
  echo "== $system"
  mapfile -t sizes < <(sizes_of "$system")
  leoisac show "$system" >/dev/null
  leoisac schemes "$system" >/dev/null
  leoisac init "$system" >"$system.toml"
  store="runs/$system" headline=$("$target" -c "
import sys
from leoisac import catalogue
print(catalogue.find(sys.argv[1]).headline)" "$system")
  leoisac run "$system.toml" --trials 2 --store "$store" "${sizes[@]}" >/dev/null
  leoisac status "$store" >/dev/null
  leoisac check "$store" >/dev/null
  leoisac plot "$store" --metric "$headline" >/dev/null
  leoisac report "$store" >/dev/null
  for format in nc mat csv; do leoisac export "$store" --to "$format" >/dev/null; done
  leoisac verify "$store" >/dev/null
  find "$store" -name '*.html' | grep -q .
done

echo "== a published algorithm, two workers"
mapfile -t sizes < <(sizes_of self-backhaul)
leoisac run self-backhaul.toml --trials 2 --store runs/published --schemes pa1 --route reference "${sizes[@]}" >/dev/null
leoisac run self-backhaul.toml --trials 130 --store runs/workers --schemes das --workers 2 "${sizes[@]}" >/dev/null
echo "the bounds hold"
