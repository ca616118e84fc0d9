#!/bin/sh
# Print a Python that callmood runs on: the one in $PYTHON where that is set, else the first that fits.
set -eu

# Run, not only looked up: a shim of a version manager can stand for a Python that is not there.
fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

if [ -n "${PYTHON:-}" ]; then
    if fits "$PYTHON"; then
        echo "$PYTHON"
        exit 0
    fi
    echo "PYTHON=$PYTHON is no Python 3.11, 3.12 or 3.13; name one, or leave PYTHON unset" >&2
    exit 1
fi

for candidate in python3.11 python3.12 python3.13 python3 /usr/bin/python3; do
    if fits "$candidate"; then
        echo "$candidate"
        exit 0
    fi
done
echo "no Python 3.11, 3.12 or 3.13 found; type: sudo apt-get install python3, or make PYTHON=/path/to/python3.11" >&2
exit 1
