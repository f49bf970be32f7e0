package main

import (
	"os"
	"path/filepath"
	"strings"
)

// called is how this program was called, for words that are to be pasted into a shell.
func called() string { return calledBy(os.Args[0]) }

func calledBy(program string) string {
	slashed := filepath.ToSlash(program)
	switch {
	case strings.Contains(slashed, "/go-build"): // where go run makes it, or keeps it from the last time
		return "go run ./cmd/winnow"
	case strings.ContainsAny(program, `/\`): // by its path
		return program
	}
	return "winnow"
}
