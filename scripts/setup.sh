#!/bin/sh
# Checks for what the build and the tests need, and installs what is missing where it can. Safe to run again.
set -eu
cd "$(dirname "$0")/.."

need() { # need COMMAND DEBIAN_PACKAGE
    command -v "$1" >/dev/null 2>&1 && return
    if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
        echo "installing $2 for $1"
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2" >/dev/null
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
