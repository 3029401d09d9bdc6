#!/bin/sh
# Checks for what the build and the tests need, and installs what is missing where it can. Safe to run again. With `pages`, also for
# what the tests of the pages need.
set -eu
cd "$(dirname "$0")/.."

# as_root COMMAND...: as root, through sudo where that asks for no password
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    command -v apt-get >/dev/null 2>&1 && as_root true >/dev/null 2>&1
}

need() { # need COMMAND DEBIAN_PACKAGE
    command -v "$1" >/dev/null 2>&1 && return
    if may_install; then
        echo "installing $2 for $1"
        as_root apt-get update -qq
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2" >/dev/null
    else
        echo "error: $1 is missing" >&2
        echo "hint: install it, for instance with: sudo apt-get install $2" >&2
        exit 1
    fi
}

need cc build-essential
need python3 python3
if ! python3 -m pip --version >/dev/null 2>&1; then need pip3 python3-pip; fi
if ! command -v cargo >/dev/null 2>&1; then
    echo "error: cargo is missing" >&2
    echo "hint: install Rust 1.90 or newer with rustup" >&2
    exit 1
fi

command -v cargo-nextest >/dev/null 2>&1 || cargo install --locked --quiet cargo-nextest

# The spelling checker comes as a Python package that carries the program; it lives beside the build.
tools=target/tools
if [ ! -x "$tools/bin/typos" ]; then
    mkdir -p "$tools/bin"
    python3 -m pip install --quiet --disable-pip-version-check --target "$tools/python" typos==1.52.0
    cp "$tools/python/bin/typos" "$tools/bin/typos"
fi

[ "${1:-}" = pages ] || exit 0

# The pages are opened in a real browser: Debian's Chromium, driven by packages from npm that fetch no browser of their own.
if [ -z "${CHROMIUM:-}" ] && ! command -v google-chrome >/dev/null 2>&1; then need chromium chromium; fi
need node nodejs
need npm npm
if [ "$(node -p 'parseInt(process.versions.node)')" -lt 20 ]; then
    echo "error: node is older than version 20" >&2
    echo "hint: install a newer one; only the tests of the pages need it" >&2
    exit 1
fi
browser=crates/web/browser
if [ ! -e "$browser/node_modules/.package-lock.json" ] || [ "$browser/package-lock.json" -nt "$browser/node_modules/.package-lock.json" ]; then
    (cd "$browser" && npm ci --silent)
fi
