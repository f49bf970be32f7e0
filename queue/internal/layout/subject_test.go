package layout

import (
	"fmt"
	"hash/fnv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var hostile = []string{
	"", "=", "==", "=2E", ".", "..", "a.b", "*", ">", "a b", "a\tb\r\nPUB x 0", "\x00", "Ünïcödé", "会社", "👍", "a/b\\c",
	"$JS.API", "-", "_", "\xff\xfe", "%2E",
}

func TestTokenRoundTrip(t *testing.T) {
	seen := map[string]string{}
	check := func(t interface{ Errorf(string, ...any) }, id string) {
		tok := Token(id)
		if tok == "" || strings.ContainsAny(tok, ".*> \t\r\n\x00/\\$") {
			t.Errorf("Token(%q) = %q is not safe in a subject", id, tok)
		}
		if len(tok) != TokenLength(id) {
			t.Errorf("Token(%q) has %d bytes, TokenLength says %d", id, len(tok), TokenLength(id))
		}
		if back, ok := Untoken(tok); !ok || back != id {
			t.Errorf("Untoken(Token(%q)) = %q, %v", id, back, ok)
		}
		if other, ok := seen[tok]; ok && other != id {
			t.Errorf("%q and %q have the same token", id, other)
		}
		seen[tok] = id
	}
	for _, id := range hostile {
		check(t, id)
	}
	rapid.Check(t, func(t *rapid.T) { check(t, string(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "id"))) })
	for _, bad := range []string{"", "=2", "a=", "=zz", "=2e"} {
		if id, ok := Untoken(bad); ok {
			t.Errorf("Untoken(%q) = %q; token never makes that", bad, id)
		}
	}
}

func TestPartitionOfIsFixed(t *testing.T) {
	h := fnv.New32a()
	_, _ = h.Write([]byte("hubspot12345"))
	if got, want := PartitionOf("hubspot", "12345", 16), int(h.Sum32()%16); got != want {
		t.Errorf("PartitionOf = %d, want %d", got, want)
	}
	// Known answers, worked out apart: a change of these would tear every stored contact from its partition.
	for id, want := range map[string]int{"1": 15, "101": 4, "20451": 8} {
		if got := PartitionOf("hubspot", id, 16); got != want {
			t.Errorf("PartitionOf(%s) = %d, want %d", id, got, want)
		}
	}
	count := make([]int, 16)
	for i := range 16000 {
		count[PartitionOf("hubspot", fmt.Sprint(i), 16)]++
	}
	for p, n := range count {
		if n < 700 || n > 1300 {
			t.Errorf("partition %d has %d of 16000 contacts", p, n)
		}
	}
}
