# Two commands for newcomers: `make demo` and `make test`. Each installs what it needs.

CARGO ?= cargo
PYTHON ?= python3
DEMO := .demo
TOOLS := target/tools

.PHONY: help demo test setup lint model tests pages docs clean-demo

help:
	@echo 'make demo   build, fetch a real model and real data, evaluate, print the report'
	@echo 'make test   install what the tests need and run them all'

# The main job. Interrupted and started again, it goes on where it was.
demo: setup
	$(CARGO) build --release --locked --package holometer
	./target/release/holometer quickstart --dir $(DEMO)

test: setup lint tests pages docs

# Checks for a C compiler, Python with pip and cargo-nextest, and installs what is missing where it can.
setup:
	@sh scripts/setup.sh

lint: setup
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(TOOLS)/bin/typos

# Tests that need the real model find it where the demo keeps it.
model: setup
	$(PYTHON) scripts/fetch_model.py $(DEMO)/models

tests: model
	$(CARGO) nextest run --workspace --locked --profile ci
	$(CARGO) test --workspace --locked --doc

# Every page of a run of the real model, opened in Chromium; pictures of all of them stay in target/screenshots.
pages: model
	@sh scripts/setup.sh pages
	$(CARGO) test --workspace --locked --no-run --quiet
	cd crates/web/browser && npm test

docs:
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps --locked --document-private-items

clean-demo:
	rm -rf $(DEMO)
