package crm

import "testing"

// TestContent: a quote that is sent again with another number, date or spelling of its prices is the same one.
func TestContent(t *testing.T) {
	salt := []byte("salt")
	loom := []string{"Loom", "10", "99.50"}
	quote := Content{
		Lines: [][]string{loom, {"Yarn", "3", "5"}}, Title: "Offer 17", Terms: "30 days net", Total: 101000,
	}
	lone := Content{Title: "Offer 17 v2 (copy)", Total: 500}
	for name, c := range map[string]struct {
		a, b Content
		same bool
	}{
		"order, case and numbers": {quote, Content{
			Lines: [][]string{{" yarn", "3.00", "5.0"}, {"LOOM", "10.0", "99.5"}}, Title: "another",
			Terms: "30  days NET", Total: 101000,
		}, true},
		"a line less":     {quote, Content{Lines: [][]string{loom}, Terms: quote.Terms, Total: quote.Total}, false},
		"another total":   {quote, Content{Lines: quote.Lines, Terms: quote.Terms, Total: 100000}, false},
		"other terms":     {quote, Content{Lines: quote.Lines, Terms: "60 days net", Total: quote.Total}, false},
		"number in title": {lone, Content{Title: "Offer 18", Total: 500}, true},
		"another title":   {lone, Content{Title: "Repair 17", Total: 500}, false},
	} {
		if same := c.a.Key(salt) == c.b.Key(salt); same != c.same {
			t.Errorf("%s: the same: %t", name, same)
		}
	}
	if quote.Key(salt) == quote.Key([]byte("other")) {
		t.Error("the key of a store makes no difference")
	}
}

func TestAmounts(t *testing.T) {
	for amount, want := range map[float64]int64{12.345: 1235, -1: -100, 1e16: 0} {
		if got := Minor(amount); got != want {
			t.Errorf("%v is %d minor units, want %d", amount, got, want)
		}
	}
	if m := MarginOf(12.6); m == nil || *m != 13 || MarginOf(1e6) != nil {
		t.Errorf("a margin of 12.6 is %v, and one of a million is one", m)
	}
}
