#!/bin/sh
# Every test: first what may share the machine, in parallel; then what needs it alone (recognition, worker processes).
# usage: BIN=.venv/bin tests/run.sh [pytest arguments]
set -eu
BIN=${BIN:-.venv/bin}
export OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1
if [ "$#" -gt 0 ]; then
    exec "$BIN/python" -m pytest "$@"
fi
"$BIN/python" -m pytest -q -n 2 --dist loadfile -m "not serial"
unset OMP_NUM_THREADS
"$BIN/python" -m pytest -q -m serial
