# Two commands for newcomers: `make demo` and `make test`. Everything they need is installed on the way.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
export PATH := $(CURDIR)/node_modules/.bin:$(CURDIR)/.tools/bin:$(PATH)

OPA_BIN := .tools/bin/opa
POLICY_FILES := $(shell find policies/bundle -type f)
SOURCE_FILES := $(shell find src -name '*.ts')
VERSION := $(shell sed -n 's/^  "version": "\(.*\)",/\1/p' package.json)

.PHONY: help demo test check proofs integration control-plane-tools clients node-network-tools mutate build bench image clean

help:
	@echo 'make demo    the founding example on this machine: emulated Azure, real SDKs, a moved clock'
	@echo 'make test    everything: format, lint, types, policies natively and as WASM, unit, random questions, integration'
	@echo 'make check   the fast part of test;  make proofs    its random questions, and the suites in other time zones'
	@echo 'make mutate  plants changes into the policy and counts those that the Rego tests notice (minutes; not in make test)'
	@echo 'make build   dist/ and the policy bundle;  make bench   measurements;  make image   container image'

demo: build
	@bin/podid demo

test: check proofs integration

check: build
	@npm run --silent check
	@tools/lint-rego.sh

proofs: build
	@echo 'proofs: random questions to both engines, random lives of the controller, then the time suites in two other zones (about three minutes)'
	@npm run --silent test:random
	@npm run --silent test:zones

mutate: build
	@npm run --silent mutate

# The empty variable: tools/build.sh has taken from there what fits, and what does not fit must not be tested against.
integration: build control-plane-tools clients node-network-tools
	@KUBEBUILDER_ASSETS= npm run --silent test:integration

# Always asked: the script compares hashes, since file times say nothing after a checkout or a restored cache.
control-plane-tools:
	@SECONDS=0; tools/build.sh control-plane && { ((SECONDS < 5)) || echo "control plane: its programs are in .tools/bin after $$SECONDS s"; }

# Other languages' Azure SDKs, which the tests run against NMI; without Python or Go those tests are skipped, and say so.
clients:
	@tools/clients.sh

# Best effort: the tests in network namespaces say what they miss.
node-network-tools:
	@tools/node-network.sh

bench: build
	@npm run --silent bench
	@npm run --silent bench:load

image: build
	@command -v docker >/dev/null || { echo 'make image needs docker, and an engine that it reaches' >&2; exit 3; }
	docker build -f deploy/image/Dockerfile -t podid:$(VERSION) .

build: dist/cli/main.js dist/crds/azureidentities.json dist/admission.json dist/policies.digest

dist/cli/main.js: node_modules/.package-lock.json tsconfig.json tools/write-program.ts $(SOURCE_FILES)
	@echo 'build: putting src and the packages that it uses into dist/cli'
	@rm -rf dist/[a-z]*/ && node tools/write-program.ts dist/cli
	@git log -1 --format='{"commit":"%h","date":"%cI"}' >dist/build.json 2>/dev/null || rm -f dist/build.json

dist/crds/azureidentities.json: dist/cli/main.js tools/write-crds.ts $(wildcard deploy/crds/*.yaml)
	@node tools/write-crds.ts deploy/crds dist/crds

dist/admission.json: dist/cli/main.js tools/write-admission.ts $(wildcard deploy/admission/*.yaml)
	@node tools/write-admission.ts deploy/admission $@

dist/policies.tar.gz: $(OPA_BIN) policies/capabilities.json $(POLICY_FILES)
	@echo 'build: compiling policies to WASM'
	@mkdir -p dist && opa build -t wasm --capabilities policies/capabilities.json -b policies/bundle -r $(VERSION) -o $@

dist/policies.digest: dist/policies.tar.gz dist/cli/main.js tools/write-policy-digest.ts
	@node tools/write-policy-digest.ts dist/policies.tar.gz $@

$(OPA_BIN): tools/opa/go.mod tools/build.sh
	@tools/build.sh opa && touch -h $@

node_modules/.package-lock.json: package.json package-lock.json
	@echo 'install: npm packages and Node 26 (about 30 seconds the first time)'
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

clean:
	rm -rf dist coverage
