#!/bin/sh
# Makes .venv with pinned, hash-checked dependencies. Does nothing when it is already up to date.
# usage: setup.sh run|dev      PY names the Python to use (default python3)
set -eu
what=$1
PY=${PY:-python3}
VENV=.venv
here=docker/requirements

command -v "$PY" >/dev/null 2>&1 || { echo "There is no '$PY' here. Install Python 3.11 or later, or name yours: make setup PY=/path/to/python" >&2; exit 1; }
"$PY" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "$PY is Python $("$PY" -c 'import platform; print(platform.python_version())'), and 3.11 or later is needed. Name another one: make setup PY=python3.11" >&2; exit 1; }

stamp="$VENV/.stamp-$what"
wanted="$(cat $here/build.txt $here/$what.txt pyproject.toml docker/setup.sh | cksum) $("$PY" -c 'import sys; print(sys.version, sys.prefix)')"
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && exit 0

[ "$what" = run ] && [ -f "$VENV/.stamp-dev" ] && {
    wanted_dev="$(cat $here/build.txt $here/dev.txt pyproject.toml docker/setup.sh | cksum) $("$PY" -c 'import sys; print(sys.version, sys.prefix)')"
    [ "$(cat "$VENV/.stamp-dev")" = "$wanted_dev" ] && exit 0
}

echo "Setting up $VENV (once; a few minutes with an empty package cache) ..."
"$PY" -m venv "$VENV" >/dev/null 2>&1 || {
    echo "This Python cannot make a virtual environment. On Debian or Ubuntu: sudo apt install python3-venv; then run this again." >&2; exit 1; }

pip() { "$VENV/bin/python" -m pip --disable-pip-version-check --no-input -q "$@" 2>"$VENV/pip.log" || {
    grep -v '^WARNING: Location' "$VENV/pip.log" | tail -n 20 >&2
    echo "Installing the dependencies failed (see above). Behind a proxy or a mirror, configure pip as usual: pip config set global.index-url ..." >&2; exit 1; }; }

# jieba ships as source only, so its build tools are pinned too and used without build isolation
pip install --require-hashes -r $here/build.txt
pip install --require-hashes --no-build-isolation -r $here/$what.txt
pip install --no-deps --no-build-isolation -e .
echo "$wanted" > "$stamp"
