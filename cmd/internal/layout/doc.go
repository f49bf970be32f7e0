// Package layout holds the test that keeps imports running one way. The same rules stand in .golangci.yaml for editors;
// the test needs no linter, so that `go test ./...` on a fresh clone is enough to find a violation.
package layout
