package config

import (
	"strings"
	"testing"
)

func TestBytes(t *testing.T) {
	for text, want := range map[string]Bytes{
		"1MiB": 1 << 20, "64KiB": 64 << 10, "2MB": 2_000_000, "20000": 20000, "0": 0, "1.5GiB": 3 << 29,
	} {
		var b Bytes
		if err := b.Decode(text); err != nil || b != want {
			t.Errorf("%q was read as %d, %v; want %d", text, b, err, want)
		}
		var again Bytes
		if err := again.Decode(b.String()); err != nil || again != b {
			t.Errorf("%q is written as %s and then read as %d", text, b, again)
		}
	}
	for _, text := range []string{"much", "-1", "10XB", "99999999999999GiB", "NaN"} {
		var b Bytes
		if b.Decode(text) == nil {
			t.Errorf("%q was read as %d", text, b)
		}
	}
}

func TestShare(t *testing.T) {
	for text, want := range map[string]Share{"5%": 0.05, "5 %": 0.05, "0.25": 0.25, "100%": 1, "0": 0} {
		var s Share
		if err := s.Decode(text); err != nil || s != want {
			t.Errorf("%q was read as %v, %v; want %v", text, s, err, want)
		}
	}
	for _, text := range []string{"", "five", "120%", "-1", "NaN", "Inf"} {
		var s Share
		if s.Decode(text) == nil {
			t.Errorf("%q was read as %v", text, s)
		}
	}
}

// Whatever an environment holds, the start must end in a sentence, never in a panic.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		"WINNOW_GRACE=1s", "WINNOW_SOURCES=eu=hubspot,us=hubspot", "WINNOW_ROLES=,", "WINNOW_MAX_BODY=1e999",
		"WINNOW_NATS_URL=,,", "WINNOW_=", "WINNOW_RULES_=", "WINNOW__FILE=x", "WINNOW_QUEUE_MAX_PAYLOAD=9EiB", "=",
		"WINNOW_PUBLIC_URL=https://[::1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "_FILE") {
			t.Skip() // would read files of this machine
		}
		c, err := Load(append(strings.Split(text, "\n"), plain...))
		if c == nil {
			t.Fatalf("no settings to describe beside %v", err)
		}
	})
}
