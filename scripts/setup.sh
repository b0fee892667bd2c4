#!/usr/bin/env bash
# Installs what a target of the Makefile needs.
#
#   scripts/setup.sh run      rtckit into .venv
#   scripts/setup.sh dev      rtckit and the Python packages of its tests, gates and documentation
#   scripts/setup.sh system   the Debian packages that some tests drive: browsers, coturn, tshark...
#
# Safe to run again: what is there is left alone. PYTHON names the interpreter for .venv;
# RTCKIT_APT=no leaves the system's packages alone.

set -euo pipefail
cd "$(dirname "$0")/.."

VENV=.venv

# Command, Debian package, and what the tests that need it are about.
SYSTEM_TOOLS=(
    "chromium chromium calls with Chromium"
    "firefox-esr firefox-esr calls with Firefox"
    "turnserver coturn relayed calls"
    "tshark tshark comparison with tshark"
    "tcpdump tcpdump recording calls"
    "nft nftables NATs of the laboratory"
    "ip iproute2 networks of the laboratory"
    "stun stun-client comparison of NAT detection"
    "tayga tayga NAT64 of the laboratory"
    "rsvg-convert librsvg2-bin pictures of the terminal UI"
    "conntrack conntrack NATs of the laboratory, emptied"
    "openssl openssl comparison with OpenSSL"
    "npm npm comparison with the JavaScript sdp-transform"
)

say() { printf '%s\n' "$*" >&2; }
die() { say "setup: $*"; exit 1; }

recent_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3 python3.14 python3.13 python3.12 python3.11; do
        if recent_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    die "rtckit needs Python 3.11 or newer, and ${PYTHON:-python3} is not; say PYTHON=... where it is"
}

make_venv() {
    if [ -x "$VENV/bin/python" ] && recent_enough "$VENV/bin/python"; then
        return
    fi
    local python
    python=$(find_python)
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        say "setup: $python cannot make virtual environments. On Debian and Ubuntu:"
        die "    sudo apt-get install python3-venv"
    fi
    say "Making a virtual environment in $VENV ($("$python" --version))"
    "$python" -m venv --clear "$VENV"
}

# installed NAME: whether NAME was installed from this state of pyproject.toml.
installed() {
    [ "$(cat "$VENV/.rtckit-$1" 2> /dev/null)" = "$(sha256sum pyproject.toml)" ]
}

install_python() {
    local name=$1 requirement=$2
    say "Installing rtckit${requirement#.} into $VENV"
    PIP_ROOT_USER_ACTION=ignore "$VENV/bin/python" -m pip install \
        -qq --disable-pip-version-check --no-input --editable "$requirement"
    sha256sum pyproject.toml > "$VENV/.rtckit-$name"
}

# The JavaScript sdp-transform, which the tests of rtckit.sdp.interop compare with.
install_javascript() {
    [ ! -d "$VENV/js/node_modules/sdp-transform" ] || return 0
    command -v npm > /dev/null || return 0
    say "Installing sdp-transform (npm) into $VENV/js"
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$VENV/js" \
        'sdp-transform@^3.0.0' > /dev/null \
        || say "setup: cannot install sdp-transform from npm; tests that compare with it skip"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    [ "${RTCKIT_APT:-yes}" != no ] || return 1
    command -v apt-get > /dev/null || return 1
    [ "$(id -u)" -eq 0 ] || { command -v sudo > /dev/null && sudo -n true 2> /dev/null; }
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" \
        < /dev/null
}

# The packages of SYSTEM_TOOLS whose command is not on PATH.
missing_packages() {
    local entry command package rest
    for entry in "${SYSTEM_TOOLS[@]}"; do
        read -r command package rest <<< "$entry"
        command -v "$command" > /dev/null || printf '%s\n' "$package"
    done
}

install_system() {
    local wanted=() package coturn_was_there=yes log
    mapfile -t wanted < <(missing_packages)
    if ! { python=$(find_python) && "$python" -c 'import venv, ensurepip' 2> /dev/null; }; then
        wanted+=(python3-venv)
    fi
    [ ${#wanted[@]} -gt 0 ] || return 0
    if may_install; then
        command -v turnserver > /dev/null || coturn_was_there=no
        log=$(mktemp)
        say "Installing Debian packages: ${wanted[*]}"
        apt_get update > "$log" 2>&1 || say "setup: apt-get update failed; trying with old lists"
        if ! apt_get install -y --no-install-recommends "${wanted[@]}" > "$log" 2>&1; then
            # Not every distribution has all of them: one by one, what there is.
            for package in "${wanted[@]}"; do
                apt_get install -y --no-install-recommends "$package" > "$log" 2>&1 \
                    || say "setup: cannot install $package: $(grep -m1 '^E:' "$log" || tail -n1 "$log")"
            done
        fi
        rm -f "$log"
        # Debian starts a TURN server when coturn is installed; the tests start their own.
        if [ $coturn_was_there = no ] && [ -d /run/systemd/system ]; then
            as_root systemctl disable --now coturn.service > /dev/null 2>&1 || true
        fi
    fi
    report_missing
}

report_missing() {
    local entry command package purpose missing=()
    for entry in "${SYSTEM_TOOLS[@]}"; do
        read -r command package purpose <<< "$entry"
        command -v "$command" > /dev/null && continue
        say "Missing: $package; tests will be skipped: $purpose"
        missing+=("$package")
    done
    if [ ${#missing[@]} -gt 0 ] && ! may_install; then
        say "To have them: sudo apt-get install --no-install-recommends ${missing[*]}"
    fi
}

case "${1:-}" in
    run)
        make_venv
        installed run || installed dev || install_python run .
        ;;
    dev)
        make_venv
        installed dev || install_python dev '.[dev]'
        install_javascript
        ;;
    system)
        install_system
        ;;
    *)
        die "say run, dev or system"
        ;;
esac
