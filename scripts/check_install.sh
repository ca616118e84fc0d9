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
    # The examples find the installed module: a script's own folder comes first, and examples/ has none.
    "$folder/venv/bin/python" -c "import soundfile
speech, rate = soundfile.read('$speech', frames=96000, dtype='int16')
soundfile.write('$folder/call.wav', speech, rate)
soundfile.write('$folder/sides.wav', list(zip(speech, speech[::-1])), rate)"
    for example in "recording.py call.wav" "asyncio_queue.py call.wav" "two_legs.py sides.wav"; do
        script=${example% *} recording=$folder/${example#* }
        echo "examples/$script: $("$folder/venv/bin/python" -W error "$root/examples/$script" "$recording" | wc -l) lines"
    done
    # A private sound server is the microphone; only its environment comes from the repository.
    if command -v pulseaudio >/dev/null && command -v parec >/dev/null; then
        "$folder/venv/bin/python" -c "import subprocess, sys
sys.path.append('$root')
from tests.pulse import pulse_server
with pulse_server() as pulse:
    command = [sys.executable, '$root/examples/microphone.py', '3']
    done = subprocess.run(command, env=pulse.environment, check=True, capture_output=True, text=True)
    print('examples/microphone.py:', len(done.stdout.splitlines()), 'lines')"
    else
        echo "examples/microphone.py: not run, there is no PulseAudio to make a microphone of"
    fi
    # Nothing may be left in the folder one happens to stand in.
    [ -z "$(ls -A)" ] || { echo "left behind: $(ls -A)" >&2; exit 1; }
    echo "site-packages: $(du -sm "$folder"/venv/lib/python3*/site-packages | cut -f1) MB"
done
