#!/bin/sh
# Write constraints.txt anew: the newest versions that pyproject.toml allows, as Python 3.11 gets them.
set -eu
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
PYTHON=${PYTHON:-python3.11} scripts/find_python.sh >"$folder/python"
"$(cat "$folder/python")" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --editable '.[train,bench,dev,encoder,mutation]'

# Packages that only a later Python is given; the freeze of 3.11 cannot know them.
later='audioop-lts==0.2.2
standard-aifc==3.13.0
standard-chunk==3.13.0
standard-sunau==3.13.0'

{
    echo "# The versions that \`make\` and CI install: everything that '.[train,bench,dev,encoder,mutation]' brings on Python $(
        "$folder/venv/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')."
    echo "# Made by \`make constraints\`; run it to move to newer versions, then \`make lint test\`."
    "$folder/venv/bin/python" -m pip freeze --exclude-editable
    echo "# Only Python 3.13 is given these, where audioread misses modules that the standard library dropped."
    echo "$later"
} >"$folder/constraints.txt"
mv "$folder/constraints.txt" constraints.txt
