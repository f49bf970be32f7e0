# make check is what CI runs on every change; .ci/run adds the containers.
GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.PHONY: build
build: ## the binary
	VERSION=$(VERSION) scripts/build winnow

.PHONY: demo
demo: ## a cast of prospects against a sandbox HubSpot
	$(GO) run ./cmd/winnow demo

.PHONY: check
check: lint test ## everything that CI asks of a change, containers excepted

.PHONY: lint
lint: ## format, vet, modules, linters
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on these files"; exit 1; }
	$(GO) vet ./...
	$(GO) mod verify
	$(GO) mod tidy -diff
	@if command -v golangci-lint >/dev/null; then golangci-lint run; else echo "golangci-lint is not installed: skipped"; fi
	@if command -v govulncheck >/dev/null; then govulncheck ./...; else echo "govulncheck is not installed: skipped"; fi

.PHONY: test
test: ## all tests; those in containers where there is Docker
	$(GO) test -timeout 30m ./...

.PHONY: long
long: ## the tests in their long forms, among them a cluster in containers that fails in every way
	WINNOW_TEST_LONG=1 $(GO) test -timeout 3h ./...

SOAK ?= 30m
.PHONY: soak
soak: ## a cluster in containers that fails over and over for SOAK (30m), and must not grow
	WINNOW_TEST_SOAK=$(SOAK) $(GO) test ./test/container -run 'TestSoak$$' -v -timeout 12h

.PHONY: race
race: ## the short tests under the race detector, in another order every time
	$(GO) test -race -short -shuffle=on -timeout 30m ./...

.PHONY: docs
docs: ## README's tables and deploy/env.example, from the code
	$(GO) test ./cmd/internal/config -run TestDocs -update

.PHONY: sbom
sbom: ## what the binary is made of, into dist: CycloneDX, and the licences
	@mkdir -p dist
	scripts/sbom dist

.PHONY: image
image: ## the container image, from base images by digest
	scripts/image $(VERSION) $(shell scripts/base-images --args) --tag winnow

.PHONY: release
release: ## what a release consists of, into dist: binaries for six platforms, their parts, checksums
	scripts/release $(VERSION) dist

FUZZTIME ?= 1m
.PHONY: fuzz
fuzz: ## look for inputs that break the parsers and rules, FUZZTIME for each (1m)
	scripts/fuzz $(FUZZTIME)

.PHONY: help
help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12
