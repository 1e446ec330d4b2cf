#!/usr/bin/env bash
# Spark's own spark-submit with this project's Python, Java and code. On a new machine it sets up what is missing.
#
#   ./spark-submit.sh [spark-submit's options] jobs/mine_pairs.py [the job's options]
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=scripts/environment.sh
source "$root/scripts/environment.sh"
ensure_venv mining
ensure_java

master=local
for argument in "$@"; do
  case "$argument" in *.py) break ;; esac
  [ "${previous:-}" = --master ] && master="$argument"
  case "$argument" in --master=*) master="${argument#--master=}" ;; esac
  previous="$argument"
done

defaults=()
case "$master" in
  local*)
    export SPARK_LOCAL_IP="${SPARK_LOCAL_IP:-127.0.0.1}"
    defaults+=(--driver-memory "$(driver_memory)")
    # On one machine the second, optimising compiler takes the cores from the job it should speed up. Without it
    # Java reserves 48 MB for compiled code, which Spark overflows.
    defaults+=(--driver-java-options "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseSerialGC") ;;
esac

# The project travels as a zip; a --py-files of the user's is added to it.
zip="$root/.build/uninote.zip"
mkdir -p "$root/.build"
(cd "$root" && "$root/.venv/bin/python" -m pipelines.session "$zip.$$" && mv "$zip.$$" "$zip")
arguments=()
shipped="$zip"
while [ $# -gt 0 ]; do
  case "$1" in
    --py-files) shipped="$zip,$2"; shift 2 ;;
    --py-files=*) shipped="$zip,${1#--py-files=}"; shift ;;
    *.py) arguments+=("$@"); break ;;
    *) arguments+=("$1"); shift ;;
  esac
done

export PYSPARK_PYTHON="${PYSPARK_PYTHON:-$root/.venv/bin/python}"
export PYSPARK_DRIVER_PYTHON="${PYSPARK_DRIVER_PYTHON:-$root/.venv/bin/python}"
unset SPARK_HOME
exec "$root/.venv/bin/spark-submit" "${defaults[@]}" --py-files "$shipped" "${arguments[@]}"
