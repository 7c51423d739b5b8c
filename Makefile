# Rktnetes. `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export RKTNETES_CACHE ?= $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/rktnetes
STACK ?= dev
RUNTIME ?= containerd
# Node from the cache, and this project's own commands.
export PATH := $(RKTNETES_CACHE)/node/bin:$(CURDIR)/node_modules/.bin:$(PATH)
NODE := node

.PHONY: help
help: ## Lists the targets
	@printf 'make TARGET [STACK=dev]\n\n'
	@grep -hE '^[a-z][a-z0-9-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | \
		while IFS=$$'\t' read -r target text; do printf '  %-14s %s\n' "$$target" "$$text"; done
	@printf '\nThe cache is %s (set RKTNETES_CACHE to move it).\n' "$(RKTNETES_CACHE)"

# Before anything is built: lab hosts need root.
.PHONY: may-run-stack may-run-labs
may-run-stack:
	@tools/needs-root.sh "make $(MAKECMDGOALS)$(if $(filter-out dev,$(STACK)), STACK=$(STACK))" $(STACK)
may-run-labs:
	@tools/needs-root.sh "make $(MAKECMDGOALS)"

.PHONY: prepare
prepare: ## Gets what the project needs from apt and npm; says what and why
	@tools/bootstrap.sh

.PHONY: tools
tools: prepare ## Builds or reuses every outside program (about ten minutes at first)
	@$(NODE) tools/build.ts

.PHONY: package
package: prepare ## The engine as a signed .deb for amd64 and arm64, under build/packages
	@tools/bootstrap.sh package
	@$(NODE) engine/package/main.ts

.PHONY: up
up: may-run-stack tools ## From nothing to a cluster that serves Hello world; again: seconds
	@$(NODE) commands/up.ts --stack $(STACK)

.PHONY: preview
preview: tools ## Shows what the next `up` would change, and on which host
	@bin/pulumi preview --diff --stack $(STACK)

.PHONY: kubeconfig
kubeconfig: prepare ## Writes the cluster's kubeconfig to .rktnetes/kubeconfig-STACK
	@$(NODE) commands/kubeconfig.ts --stack $(STACK)

.PHONY: logs
logs: prepare ## Gathers the hosts' logs under build/logs
	@$(NODE) commands/logs.ts --stack $(STACK)

.PHONY: down
down: may-run-stack prepare ## Takes the cluster and the lab away; lists what stays
	@$(NODE) commands/down.ts --stack $(STACK)

.PHONY: distclean
distclean: ## `down` for every stack, then cache, packages and node_modules too
	@if [ -x "$(RKTNETES_CACHE)/node/bin/node" ] && [ -d node_modules ]; then $(NODE) commands/down.ts --all; fi
	@tools/distclean.sh

.PHONY: lint
lint: prepare ## Types, ESLint, prettier, shellcheck
	@$(NODE) commands/test.ts lint

.PHONY: format
format: prepare ## Writes every file as prettier would
	@prettier --log-level warn --write .

.PHONY: unit
unit: prepare ## Unit tests: no root, no network, under a minute
	@tools/bootstrap.sh tests
	@$(NODE) commands/test.ts unit

.PHONY: integration
integration: may-run-labs tools ## Parts against the real thing: Pulumi's engine, sshd, an API server, lab hosts
	@tools/bootstrap.sh tests package package-checks
	@$(NODE) commands/test.ts integration

.PHONY: e2e
e2e: may-run-labs tools ## Whole clusters on lab hosts
	@$(NODE) commands/test.ts e2e

.PHONY: test
test: may-run-labs tools ## Everything CI runs; closes with `N passed, N failed`
	@tools/bootstrap.sh tests package package-checks
	@$(NODE) commands/test.ts lint unit integration e2e

.PHONY: bench
bench: may-run-labs tools ## Measures the engine beside bare tools; ONLY=engine, ROUNDS=20; reports under build/bench
	@tools/bootstrap.sh tests package
	@$(NODE) tests/bench/main.ts $(ONLY)

.PHONY: conformance
conformance: may-run-labs tools ## critest against RUNTIME=containerd on a lab host; reports under build/conformance
	@$(NODE) tests/conformance/main.ts --runtime $(RUNTIME)

.PHONY: ordeal
ordeal: may-run-labs tools ## What takes long and repeats: hundreds of kills, emulated machines; SEED=n, resumable
	@tools/bootstrap.sh kvm tests package
	@$(NODE) commands/test.ts ordeal
