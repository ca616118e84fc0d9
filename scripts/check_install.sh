#!/bin/sh
# Install callmood as a user would, without extras, into a clean environment, and use it from another folder.
#
#   scripts/check_install.sh [PYTHON...]     default: the Python that `make` would take
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

[ $# -gt 0 ] || set -- "$("$root/scripts/find_python.sh")"
mkdir "$folder/elsewhere"
cd "$folder/elsewhere"

for python in "$@"; do
    "$python" --version
    "$python" -m venv --clear "$folder/venv"
    PIP_CONSTRAINT="$root/constraints.txt" PIP_BUILD_CONSTRAINT="$root/constraints.txt" \
        PIP_DISABLE_PIP_VERSION_CHECK=1 "$folder/venv/bin/python" -m pip install --quiet "$root"

    speech=$("$folder/venv/bin/python" -c 'import callmood, pathlib
print(pathlib.Path(callmood.__file__).parent / "demo" / "speech.flac")')
    case $speech in
        "$folder"/*) ;;
        *) echo "the command would run from $speech, not from the installation" >&2; exit 1 ;;
    esac

    "$folder/venv/bin/callmood" models
    "$folder/venv/bin/python" -m callmood models show synthetic >/dev/null
    for model in speech speech-light speech-open speech-classic synthetic; do
        "$folder/venv/bin/callmood" replay "$speech" --fast --model "$model" --json --journal "$model.jsonl" >/dev/null
        echo "$model: $(wc -l <"$model.jsonl") lines of journal"
        rm "$model.jsonl"
    done
    # Nothing may be left in the folder one happens to stand in.
    [ -z "$(ls -A)" ] || { echo "left behind: $(ls -A)" >&2; exit 1; }
    echo "site-packages: $(du -sm "$folder"/venv/lib/python3*/site-packages | cut -f1) MB"
done
