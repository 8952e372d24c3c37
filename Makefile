# `make test` is what continuous integration runs: it installs what the tests need, then checks format,
# lints, licences and everything else through nextest. After its first run it needs no network.

CARGO ?= cargo
CARGO_DENY_VERSION := 0.20.2
CARGO_NEXTEST_VERSION := 0.9.148
export CARGO_DENY_VERSION CARGO_NEXTEST_VERSION
export PATH := $(CURDIR)/target/tools/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help test tools data fmt lint deny nextest accuracy audit bench growth fuzz demo certs build bench-engines bench-scanners bench-peers bench-report bench-audit bench-subjects soak

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

test: tools data fmt lint deny nextest ## all that continuous integration checks

build: ## the binary to run in production, as images ship it: target/release/bordergate
	@CARGO="$(CARGO)" bash deploy/build.sh

tools: ## install what tests and checks need, if absent
	@bash tests/tools.sh
	@$(CARGO) fetch --quiet --locked --offline 2>/dev/null || $(CARGO) fetch --quiet --locked

data: ## fetch the public test data into target/test-data, if absent
	@bash tests/data.sh

fmt: ## is everything formatted?
	$(CARGO) fmt --check

lint: ## compiler, clippy and documentation, no warning passes
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --quiet --locked --no-deps --document-private-items

deny: tools ## licences, bans and sources of all dependencies
	$(CARGO) deny --locked --offline --config deploy/deny.toml --log-level warn check licenses bans sources

# Asks the advisory database, which lives on the network and changes daily: what passed yesterday may
# fail today without a change of ours. It is therefore no part of `make test`.
audit: tools ## known vulnerabilities of all dependencies (needs the network)
	$(CARGO) deny --locked --config deploy/deny.toml check advisories

nextest: tools data ## all tests
	$(CARGO) nextest run --locked --profile $(if $(CI),ci,default)

accuracy: ## precision and recall over the labelled corpus, with the floors
	$(CARGO) nextest run --locked --test accuracy --no-capture

bench: ## the engine, the rules, the formats, replacing and one exchange, each beside its baseline
	$(CARGO) bench --locked --bench engine --bench decide --bench formats --bench redact --bench exchange

growth: ## time against size, for the worst input of each decoder and of the detectors
	$(CARGO) bench --locked --bench growth

# SECONDS_EACH for each of the targets, or for those named in TARGETS.
SECONDS_EACH ?= 600
TARGETS ?=
fuzz: tools ## fuzz every target for ten minutes (SECONDS_EACH=600 TARGETS="json engine")
	@CARGO="$(CARGO)" bash tests/fuzz/run.sh $(SECONDS_EACH) $(TARGETS)

# The gateway's own versions, and the other engines beside them.
bench-engines: ## a small rule set in cedar-policy, regorus, cel and here, in one run
	@cp Cargo.lock benches/engines/Cargo.lock
	$(CARGO) run --quiet --release --manifest-path benches/engines/Cargo.toml --target-dir target/engines

bench-scanners: build ## `scan` over 256 MiB, beside regex-automata, Datadog's engine and Presidio
	$(CARGO) build --quiet --release --manifest-path benches/scanners/Cargo.toml --target-dir target/scanners
	@test -d target/presidio || python3 -m venv target/presidio
	@target/presidio/bin/pip install --quiet presidio-analyzer
	@python3 benches/scanners/run.py

bench-peers: build ## processor time of a request, beside HAProxy, nginx and Envoy
	@bash benches/peers/tools.sh
	@python3 benches/peers/run.py

RECORDS ?= 10000000
bench-report: build ## `audit report` over RECORDS records, ten million by default, on one core
	@python3 benches/report/run.py --records $(RECORDS)

PEOPLE ?= 1000000
bench-subjects: build ## PEOPLE distinct people counted from traffic, a request each: memory and disk
	@python3 benches/subjects/run.py --people $(PEOPLE)

bench-audit: RECORDS = 1000000
bench-audit: build ## an audit of a million records under load, kill -9 in the middle, then each tampering
	@python3 benches/audit/run.py --records $(RECORDS)

MINUTES ?= 20
soak: build ## load for MINUTES, 20 by default; fails when memory, files or threads grow
	@bash benches/peers/tools.sh
	@python3 benches/peers/soak.py --minutes $(MINUTES)

demo: ## three data centres and the gateway on this machine
	$(CARGO) run --release --locked -- demo

certs: ## short-lived development certificates, into target/certs
	@bash certs/make.sh target/certs
