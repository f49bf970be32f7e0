package main

import (
	"strings"
	"testing"
)

// TestReport: what passes is one line a package, what fails is told in full, and what was skipped is told at the end.
func TestReport(t *testing.T) {
	const events = `go: downloading example.com/a v1.0.0
{"Action":"build-output","ImportPath":"example.com/b","Output":"b.go:1:1: undefined: x\n"}
{"Action":"run","Package":"example.com/a","Test":"TestGood"}
{"Action":"output","Package":"example.com/a","Test":"TestGood","Output":"chatter\n"}
{"Action":"pass","Package":"example.com/a","Test":"TestGood"}
{"Action":"output","Package":"example.com/a","Test":"TestBad","Output":"=== RUN   TestBad\n"}
{"Action":"output","Package":"example.com/a","Test":"TestBad","Output":"    a_test.go:9: got 1, want 2\n"}
{"Action":"fail","Package":"example.com/a","Test":"TestBad"}
{"Action":"output","Package":"example.com/a","Test":"TestAway","Output":"=== RUN   TestAway\n"}
{"Action":"output","Package":"example.com/a","Test":"TestAway","Output":"    a_test.go:7: no Docker:\n  it is away\n"}
{"Action":"output","Package":"example.com/a","Test":"TestAway","Output":"--- SKIP: TestAway (0.00s)\n"}
{"Action":"skip","Package":"example.com/a","Test":"TestAway"}
{"Action":"output","Package":"example.com/a","Output":"FAIL\texample.com/a\t0.1s\n"}
{"Action":"fail","Package":"example.com/a"}
{"Action":"output","Package":"example.com/c","Test":"TestPanics","Output":"panic: oh\n"}
{"Action":"fail","Package":"example.com/c"}
{"Action":"output","Package":"example.com/d","Output":"PASS\n"}
{"Action":"output","Package":"example.com/d","Output":"ok  \texample.com/d\t0.1s\n"}
{"Action":"pass","Package":"example.com/d"}
`
	const want = `go: downloading example.com/a v1.0.0
b.go:1:1: undefined: x
=== RUN   TestBad
    a_test.go:9: got 1, want 2
FAIL	example.com/a	0.1s
panic: oh
ok  	example.com/d	0.1s
skipped tests, by reason:
  no Docker: it is away
    example.com/a.TestAway
`
	var got strings.Builder
	if err := report(strings.NewReader(events), &got); err != nil || got.String() != want {
		t.Errorf("%v, got\n%s\nwant\n%s", err, got.String(), want)
	}
}
