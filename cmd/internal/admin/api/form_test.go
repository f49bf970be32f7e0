package api

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestForm: a request comes out of a form as it went in, and curl may write the same by hand.
func TestForm(t *testing.T) {
	type all struct {
		Person
		Note  string    `json:"note"`
		Few   []string  `json:"few"`
		Since time.Time `json:"since"`
		Yes   bool      `json:"yes"`
		Big   uint64    `json:"big"`
		Most  int       `json:"most"`
	}
	want := all{
		Person{
			"eu",
			"lead/1 2",
		}, "a & b", []string{"x", "y"}, time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), true, 1 << 63, -4,
	}
	form, err := url.ParseQuery(Values(want).Encode())
	if err != nil {
		t.Fatal(err)
	}
	var got all
	if err := Read(form, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-sent +read):\n%s", diff)
	}
	if form := Values(all{}); len(form) > 0 {
		t.Errorf("an empty request says %v", form)
	}
	for _, bad := range []string{"big=-1", "most=x", "since=yesterday"} {
		form, _ := url.ParseQuery(bad)
		if err := Read(form, &all{}); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}
