# What a developer types. Each target is one line of work; `make help` lists them.

.DEFAULT_GOAL := help
.PHONY: help run demo env up down test test-deps lint fmt bench

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: ## Runs everything without Docker: PostgreSQL, the service on :4000, the engine and its front on :8080
	@scripts/postgres.sh ensure >/dev/null
	cargo run --quiet -- local

demo: ## Plays the whole story against :8080, in a second shell
	cargo run --quiet -- demo

env: ## Writes .env and .env.hasura.jwt with fresh secrets, for compose
	@scripts/env.sh

up: ## Builds and starts the compose stack (make env first)
	docker compose up --build --detach --wait

down: ## Stops the compose stack and keeps its data
	docker compose down

test: test-deps lint ## Runs every check: format, clippy, docs, tests
	RUSTDOCFLAGS='-D warnings' cargo doc --quiet --locked --no-deps --document-private-items
	cargo test --locked

test-deps: ## Installs what the tests need and is missing
	@scripts/test-deps.sh

lint: ## Checks the format and runs clippy
	cargo fmt --check
	cargo clippy --quiet --locked --all-targets -- -D warnings

fmt: ## Formats the code
	cargo fmt

bench: ## Runs the micro-benchmarks
	cargo bench --locked
