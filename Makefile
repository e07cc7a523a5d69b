# What a developer types. Each target is one line of work; `make help` lists them.

.DEFAULT_GOAL := help
.PHONY: help run demo build env up down test test-deps lint fmt openapi man soak bench book fuzz deny sbom

PROGRAM := $(or $(CARGO_TARGET_DIR),target)/debug/hasura-siwe

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: build ## Runs everything without Docker: PostgreSQL, the service on :4000, the engine and its front on :8080
	@scripts/postgres.sh ensure >/dev/null
	$(PROGRAM) local

demo: build ## Plays the whole story against :8080, in a second shell
	$(PROGRAM) demo

build: ## Builds target/debug/hasura-siwe; 5 to 10 minutes the first time
	@command -v cargo >/dev/null || { echo "cargo is missing: install Rust 1.92 or newer, see https://rustup.rs" >&2; exit 1; }
	cargo build --locked

env: ## Writes .env and a file .env.hasura.MODE for each AUTH_MODE, with fresh secrets, for compose
	@scripts/env.sh

up: ## Builds and starts the compose stack (make env first)
	docker compose up --build --detach --wait

down: ## Stops the compose stack and keeps its data
	docker compose down

test: test-deps lint ## Runs every check: format, clippy, docs, tests
	RUSTDOCFLAGS='-D warnings' cargo doc --quiet --locked --no-deps --document-private-items
	cargo test --locked
	@scripts/scan-log.sh

test-deps: ## Installs what the tests need and is missing
	@scripts/test-deps.sh

lint: ## Checks the format and runs clippy
	cargo fmt --check
	cargo clippy --quiet --locked --all-targets -- -D warnings

fmt: ## Formats the code
	cargo fmt

openapi: build ## Writes docs/openapi.json, which the tests hold against the program
	$(PROGRAM) openapi >docs/openapi.json

man: build ## Writes the manual pages into target/man
	$(PROGRAM) man --out target/man

soak: ## Loads the service while PostgreSQL stops and starts, for SOAK_SECONDS (300), and prints a table
	cargo test --locked --test it -- --ignored --nocapture --test-threads 1 soak

bench: ## Measures what requests cost beside the least that they could; see docs/performance.md
	@scripts/postgres.sh ensure >/dev/null
	cargo build --locked --release --bin hasura-siwe --example load
	target=$${CARGO_TARGET_DIR:-target} && $$target/release/examples/load $(BENCH)

book: ## Makes one book of the documents, target/book/html, and checks its links
	@scripts/book.sh

FUZZ_SECONDS ?= 600
fuzz: ## Mutates what strangers send, for FUZZ_SECONDS (600), and prints a table at the end
	FUZZ_SECONDS=$(FUZZ_SECONDS) RUST_BACKTRACE=0 cargo test --locked --test it fuzz::every_target -- --ignored --nocapture

deny: ## Judges licences, duplicates and sources of all crates, and their known faults where ADVISORY_DB is set
	@scripts/deny.sh

sbom: ## Writes the bill of materials to target/sbom.cdx.json (CycloneDX 1.5)
	@mkdir -p target
	@scripts/sbom.py > target/sbom.cdx.json
