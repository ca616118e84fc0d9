#!/bin/sh
# Make sure that Debian packages are there: install them where the user may, else name the command and fail.
#
#   scripts/system_packages.sh PURPOSE PACKAGE...
#
# Does nothing, and asks nobody, when all of them are installed.
set -eu

purpose=$1
shift

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "$purpose: no Debian here, so nothing is checked; it needs what Debian calls: $*" >&2
    exit 0
fi

missing=
for package in "$@"; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    case $status in
        installed*) ;;
        *) missing="$missing $package" ;;
    esac
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "$purpose needs system packages; type: sudo apt-get install$missing" >&2
    exit 1
fi

apt() {
    # shellcheck disable=SC2086  # no word at all where we are root
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@"
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "$purpose: installing$missing"
# A list that cannot be refreshed (no network, a foreign source that is down) may still be good enough.
apt update >"$log" 2>&1 || echo "$purpose: the package lists could not be refreshed; trying with the old ones" >&2
# shellcheck disable=SC2086  # one word a package
if ! apt install --no-install-recommends $missing >>"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "$purpose: that did not work; type: apt-get update && apt-get install$missing" >&2
    exit 1
fi
