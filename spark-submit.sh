#!/usr/bin/env bash
# Spark's own spark-submit with this project's Python, Java and code. On a new machine it sets up what is missing.
#
#   ./spark-submit.sh [spark-submit's options] jobs/mine_pairs.py [the job's options]
set -euo pipefail
unset CDPATH
root="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)"
# shellcheck source=scripts/environment.sh
source "$root/scripts/environment.sh"
ensure_venv mining
ensure_java
ensure_class_archive
exec "$root/.venv/bin/python" "$root/scripts/submit.py" "$@"
