#!/bin/sh
# Renews the pins from pyproject.toml. Needs uv; writes hashes, never addresses.
set -eu
cd "$(dirname "$0")"
pin() { uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 "$@"; }
pin build.in -o build.txt
pin ../../pyproject.toml -o run.txt
pin --extra diarization ../../pyproject.toml -c run.txt -o diarization.txt
pin --extra dev ../../pyproject.toml -c run.txt -o dev.txt
