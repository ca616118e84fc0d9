#!/bin/sh
# Print the Debian package that a Python lacks to make environments with, or nothing where it lacks none.
#
#   scripts/venv_package.sh PYTHON
set -eu
"$1" -c '
import sys
try:
    import ensurepip, venv
except ImportError:
    print("python%d.%d-venv" % sys.version_info[:2])'
