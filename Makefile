# make check is what CI runs on every change; .ci/run adds the containers.
GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)

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
	$(GO) test ./...

.PHONY: race
race: ## the short tests under the race detector, in another order every time
	$(GO) test -race -short -shuffle=on ./...

.PHONY: docs
docs: ## README's tables and deploy/env.example, from the code
	$(GO) test ./cmd/internal/config -run TestDocs -update

.PHONY: sbom
sbom: ## what the binary is made of, into dist: CycloneDX, and the licences
	@mkdir -p dist
	scripts/sbom dist

.PHONY: image
image: ## the container image
	docker build --build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) --tag winnow .

.PHONY: help
help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12
