// Command report reads what go test -json prints and prints what go test would: a line for each package, and all
// that a failed test said. It ends with the tests that were skipped, by their reasons: a green run shows what it has
// not tried.
//
//	go test -json ./... | go run ./test/report
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

func main() {
	if err := report(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "report: %v\n", err)
		os.Exit(1)
	}
}

// event is a line of go test -json. Source: go doc test2json.
type event struct {
	Action, Package, Test, Output string
}

// run is what is known of a run of go test.
type run struct {
	w       io.Writer
	said    map[string]map[string]string // by tests that have not ended, by package
	skipped map[string][]string          // tests, by reason
}

func report(r io.Reader, w io.Writer) error {
	of := run{w, map[string]map[string]string{}, map[string][]string{}}
	for lines := bufio.NewReader(r); ; {
		line, err := lines.ReadString('\n')
		var e event
		switch {
		case line == "":
		case json.Unmarshal([]byte(line), &e) != nil: // of the go command itself
			fmt.Fprint(w, line)
		case e.Test == "":
			of.pkg(e)
		default:
			of.test(e)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	of.skips()
	return nil
}

// pkg takes an event of a package. Where it fails, what did not end there, by a panic or a timeout, is the news.
func (r run) pkg(e event) {
	if e.Output != "PASS\n" {
		fmt.Fprint(r.w, e.Output)
	}
	if e.Action == "fail" {
		for _, test := range slices.Sorted(maps.Keys(r.said[e.Package])) {
			fmt.Fprint(r.w, r.said[e.Package][test])
		}
	}
	if e.Action != "output" {
		delete(r.said, e.Package)
	}
}

// test takes an event of a test.
func (r run) test(e event) {
	tests := r.said[e.Package]
	if tests == nil {
		tests = map[string]string{}
		r.said[e.Package] = tests
	}
	switch e.Action {
	case "output":
		tests[e.Test] += e.Output
		return
	case "skip":
		why := reason(tests[e.Test])
		r.skipped[why] = append(r.skipped[why], e.Package+"."+e.Test)
	case "fail":
		fmt.Fprint(r.w, tests[e.Test])
	case "pass":
	default:
		return
	}
	delete(tests, e.Test)
}

// skips prints what was skipped.
func (r run) skips() {
	if len(r.skipped) > 0 {
		fmt.Fprintln(r.w, "skipped tests, by reason:")
	}
	for _, why := range slices.Sorted(maps.Keys(r.skipped)) {
		fmt.Fprintf(r.w, "  %s\n    %s\n", why, strings.Join(r.skipped[why], "\n    "))
	}
}

// noise is what the testing package adds to what a test says of itself.
var noise = regexp.MustCompile(`(?m)^\s*(=== \S+ .*|--- SKIP: .*)$|^\s+\S+\.go:\d+: `)

func reason(said string) string {
	if why := strings.Join(strings.Fields(noise.ReplaceAllString(said, "")), " "); why != "" {
		return why
	}
	return "no reason given"
}
