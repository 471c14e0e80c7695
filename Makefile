# Every target has one line of help behind "##"; `make help` prints them.
SHELL := /bin/sh
JOBS ?= $(shell nproc)
RUN_DIR ?= $(HOME)/.local/state/tailops
LISTEN ?= 127.0.0.1:8080
SOURCES = git ls-files -co --exclude-standard -- '*.cpp' '*.hpp'
.DEFAULT_GOAL := help
.PHONY: help deps deps-test deps-bench npm npm-toon build debug run test unit integration quality lint format fix \
        tidy security nightly conformance asan tsan fuzz bench golden docs package clean hooks

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install what the build needs (Debian 12 or 13)
	@./scripts/install-deps build

deps-test: ## install what the tests need besides
	@./scripts/install-deps test

deps-bench: ## install what the benches compare with
	@./scripts/install-deps bench

npm: deps-test npm-toon ## install the official clients and suites, and what the tests need of their own
	@./scripts/install-npm tests/integration
	@./scripts/install-npm tests/support/authserver
	@./scripts/install-npm tests/conformance
	@./scripts/install-npm tests/support/wire

npm-toon: deps-test ## install the fixtures and the official implementation of TOON
	@./scripts/install-npm tests/support/toon

build: deps ## build the release binary, build/release/bin/tailops
	@cmake --preset release -DTAILOPS_TESTS=OFF >/dev/null
	@cmake --build build/release --target tailops -j $(JOBS)

debug: deps-test ## build the daemon and the unit tests with debug information
	@cmake --preset debug >/dev/null
	@cmake --build build/debug -j $(JOBS)

run: build ## start a gateway on 127.0.0.1:8080 with a local target and a fresh token
	@exec build/release/bin/tailops serve --embedded --state-dir $(RUN_DIR) --listen $(LISTEN) --welcome

# Both cover what a change may break within minutes; what takes longer is in `make nightly`.
test: ## build and pass the tests: lint, release build, integration, conformance, ASan and UBSan
	@rm -f build/test-counts build/test-times
	@./scripts/stage packages $(MAKE) --no-print-directory deps-test npm
	@./scripts/stage lint $(MAKE) --no-print-directory lint
	@./scripts/stage release-build $(MAKE) --no-print-directory build
	@./scripts/stage integration $(MAKE) --no-print-directory integration
	@./scripts/stage conformance $(MAKE) --no-print-directory conformance
	@./scripts/stage asan-build ./scripts/sanitized asan build $(JOBS)
	@./scripts/stage asan-unit ./scripts/sanitized asan unit $(JOBS)
	@./scripts/stage asan-integration ./scripts/sanitized asan integration $(JOBS)
	@./scripts/test-summary

# make stops at the first stage that fails, so that its words stand last.
nightly: ## what takes longer: TSan in full, clang-tidy, the fuzzers, a bench smoke, both Debian releases from nothing
	@rm -f build/test-counts build/test-times
	@./scripts/install-deps nightly
	@./scripts/stage tsan $(MAKE) --no-print-directory tsan
	@./scripts/stage tidy $(MAKE) --no-print-directory tidy
	@./scripts/stage fuzz $(MAKE) --no-print-directory fuzz
	@./scripts/stage bench $(MAKE) --no-print-directory bench
	@./scripts/stage debian-12 ./scripts/bare-root bookworm test
	@./scripts/stage debian-13 ./scripts/bare-root trixie test
	@./scripts/test-summary

unit: debug npm ## run the unit tests
	@./scripts/unit-tests build/debug

integration: build npm ## run the built binary against real servers and the official clients
	@python3 tests/integration/run.py --binary build/release/bin/tailops

conformance: npm ## run the official MCP conformance suites; prints the scoreboard
	@cmake --preset release -DTAILOPS_TESTS=ON >/dev/null
	@cmake --build build/release --target mcp_fixture_server -j $(JOBS)
	@python3 tests/conformance/run.py --server build/release/bin/mcp_fixture_server

asan: deps-test npm ## unit tests and daemon under AddressSanitizer and UndefinedBehaviorSanitizer
	@./scripts/sanitized asan all $(JOBS)

tsan: deps-test npm ## unit tests and daemon under ThreadSanitizer
	@./scripts/sanitized tsan all $(JOBS)

quality: lint tidy ## everything that reads the code: lint, format, shellcheck, clang-tidy

lint: deps-test ## layering, house style, format, shell scripts
	@python3 tests/lint/layering.py
	@python3 tests/lint/house.py
	@$(SOURCES) | xargs clang-format-19 --dry-run -Werror
	@./scripts/shell-files | xargs shellcheck

# Its own tree: clang knows neither the flags nor the precompiled header that g++ gets in build/debug.
tidy: deps-test ## clang-tidy over the product's sources, those that changed since they passed
	@cmake --preset tidy >/dev/null
	@cmake --build build/tidy --target tailops_pch -j $(JOBS)
	@python3 tests/lint/tidy.py build/tidy $(JOBS)

format: deps-test ## format every C++ file
	@$(SOURCES) | xargs clang-format-19 -i

fix: format ## repair what tools can repair

security: unit ## the tests that hold the security promises: policy, auth, audit, quoting, files
	@./scripts/unit-tests build/debug --filter '*Gate*:*Policy*:*Permit*:*Introspect*:*Token*:*Challenge*:*Trail*:*Verify*:*Redact*:*Quot*:*KnownHosts*:*File*:*Host*:*Origin*:*Smuggl*'

fuzz: deps-test ## run every fuzzer for 60 s (FUZZ_SECONDS=n)
	@./scripts/fuzz $(JOBS) $${FUZZ_SECONDS:-60}

bench: build deps-bench npm ## measure, as ratios within one run (docs/performance.md; PART=name runs one part)
	@cmake --preset release -DTAILOPS_TESTS=ON >/dev/null
	@cmake --build build/release -j $(JOBS) --target benches
	@./scripts/install-npm tests/bench/sdk-server
	@python3 tests/bench/run.py --build build/release $(if $(PART),--only $(PART))

golden: debug ## rewrite the golden files from what the code does now; review the diff
	@for test in call tools; do TAILOPS_GOLDEN=write ./build/debug/bin/$${test}_test --gtest_filter='*Golden*'; done

docs: build ## rewrite the generated documentation (docs/tools.md)
	@build/release/bin/tailops tools-reference > docs/tools.md

package: build ## build the .deb, into build/package
	@./scripts/install-deps package
	@./deploy/package build/release/bin/tailops build/package

hooks: ## have git run the lint before each commit
	@git config core.hooksPath scripts/hooks

clean: ## remove what was built
	@rm -rf build
