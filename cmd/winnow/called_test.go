package main

import "testing"

func TestCalledBy(t *testing.T) {
	for program, want := range map[string]string{
		"/tmp/go-build3456/b001/exe/winnow":          "go run ./cmd/winnow",
		"/home/a/.cache/go-build/94/94e396-d/winnow": "go run ./cmd/winnow",
		"winnow":                "winnow",
		"./winnow":              "./winnow",
		"/usr/local/bin/winnow": "/usr/local/bin/winnow",
	} {
		if got := calledBy(program); got != want {
			t.Errorf("%s: %q, want %q", program, got, want)
		}
	}
}
