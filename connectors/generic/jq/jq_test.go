package jq

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWords(t *testing.T) {
	for text, want := range map[string]any{
		`"2026-03-02 09:30:00" | utc`:                         "2026-03-02T09:30:00Z",
		`"2026-03-02" | utc`:                                  "2026-03-02T00:00:00Z",
		`"2026-03-02T09:30:00.500+0100" | utc`:                "2026-03-02T08:30:00.5Z",
		`false | utc`:                                         nil,
		`"0000-00-00 00:00:00" | utc`:                         nil,
		`"2026-07-02 09:30:00" | zone("Europe/Paris")`:        "2026-07-02T07:30:00Z",
		`1772443800 | seconds`:                                "2026-03-02T09:30:00Z",
		`"1772443800" | seconds`:                              "2026-03-02T09:30:00Z",
		`1772443800500 | millis`:                              "2026-03-02T09:30:00.5Z",
		`"/Date(1772443800000)/" | msdate`:                    "2026-03-02T09:30:00Z",
		`1772443800000 | stamp`:                               "2026-03-02 09:30:00",
		`"2026-03-02T09:30:00Z" | iso`:                        "2026-03-02T09:30:00Z",
		`null | iso`:                                          nil,
		`"2026-03-02T09:30:00Z" | unix`:                       1772443800,
		`[false, "", [], null, 0, "x"] | map(given)`:          []any{nil, nil, nil, nil, 0, "x"},
		`[7, "7", 7.0, [7, "Ada"], false, null, 0] | map(id)`: []any{"7", "7", "7", "7", nil, nil, nil},
		`"12,5" | number`:                                     12.5,
		`"x" | number`:                                        nil,
		`[{"key": "a", "value": 1}] | kv("a")`:                1,
		`"Ada <ada@example.com>; ben@example.com" | emails`:   []any{"ada@example.com", "ben@example.com"},
		`"winnow_machine_rating" | [snake, camel, pascal, kebab]`: []any{
			"winnow_machine_rating", "winnowMachineRating", "WinnowMachineRating", "winnow-machine-rating",
		},
		`"a=1&b=2" | query`: map[string]any{"a": "1", "b": "2"},
	} {
		e, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := e.First(nil, nil)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
	}
}

// An expression that does not end is ended, by each of the bounds, and always by the same number of steps.
func TestBounds(t *testing.T) {
	for text, want := range map[string]error{
		`def f: f; f`:                                            errSteps,
		`last(range(1e12))`:                                      errSteps,
		`[limit(3000000; repeat(1))]`:                            errSteps,
		`until(false; . + 1)`:                                    errSteps,
		`[range(200)] | map("x" * 100000) | join("")`:            errOutput,
		`reduce range(300) as $i (null; [.])`:                    errOutput, // too deep
		`reduce range(60) as $i ("0123456789"; [., .] | tojson)`: errMemory,
	} {
		e, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if errors.Is(want, errMemory) && testing.Short() {
			continue
		}
		if _, err = e.First(0, nil); !errors.Is(err, want) &&
			!(errors.Is(want, errMemory) && (errors.Is(err, errTime) || errors.Is(err, errOutput))) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

// What an expression fails on is not told: it may be words of a message.
func TestErrorsTellNothing(t *testing.T) {
	for _, text := range []string{
		`.a.b`, `.a | utc`, `.a + 1`, `.a[]`, `.a | error`, `.a | tonumber`, `.a | fromjson`, `{(.a): 1} | .[0]`,
	} {
		e, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = e.First(map[string]any{"a": "ada@example.com says hello"}, nil)
		if err == nil || strings.Contains(err.Error(), "ada") || strings.Contains(err.Error(), "hello") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestNothingBeyondTheInput(t *testing.T) {
	for _, text := range []string{
		`env`, `$ENV.PATH`, `input`, `[inputs]`, `input_filename`, `now`, `localtime`, `debug`, `stderr`, `halt`,
		`include "x"; .`, `import "x" as x; .`, `try env catch 1`, `def f: $ENV; f`, `{a: now}`, `"\(now)"`, `.[now]?`,
		`"x" as $x | env`,
	} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

func TestText(t *testing.T) {
	big := new(big.Int)
	big.SetString("5725767000003000010123", 10)
	for _, c := range []struct {
		v    any
		want string
	}{
		{7, "7"},
		{7.0, "7"},
		{7.5, "7.5"},
		{"x", "x"},
		{true, "true"},
		{false, ""},
		{nil, ""},
		{[]any{1}, ""},
		{big, "5725767000003000010123"},
	} {
		if got := Text(c.v); got != c.want {
			t.Errorf("%v is %q", c.v, got)
		}
	}
	for v, want := range map[any]string{
		"2026-03-02T09:30:00Z": "2026-03-02T09:30:00Z", 1772443800000: "2026-03-02T09:30:00Z",
		"": "0001-01-01T00:00:00Z",
	} {
		at, ok := Instant(v)
		if got := at.UTC().Format("2006-01-02T15:04:05Z"); got != want || !ok {
			t.Errorf("%v is %s, %t", v, got, ok)
		}
	}
	for _, v := range []any{"2026-03-02 09:30:00", "soon", map[string]any{}, 1e30} {
		if at, ok := Instant(v); ok {
			t.Errorf("%v is the instant %s", fmt.Sprint(v), at)
		}
	}
}
