package crm

import "testing"

// TestPerson: what String writes ParsePerson reads, and no two people are written alike.
func TestPerson(t *testing.T) {
	seen := map[string]Person{}
	for _, p := range []Person{
		{"", "5"},
		{"contact", "5"},
		{"lead", "5"},
		{"", "contact/5"},
		{"", "/5"},
		{"lead", "a/b"},
		{"lead", ""},
		{"", "lead"},
		{"", ""},
	} {
		s := p.String()
		if got := ParsePerson(s); got != p {
			t.Errorf("%+v is written %q and read as %+v", p, s, got)
		}
		if other, ok := seen[s]; ok {
			t.Errorf("%+v and %+v are both written %q", p, other, s)
		}
		seen[s] = p
	}
	if s := (Person{"lead", "00Q5e000001AbCd"}).String(); s != "lead/00Q5e000001AbCd" {
		t.Errorf("a lead is written %q", s)
	}
	if s := (Person{ID: "101"}).String(); s != "101" {
		t.Errorf("a person of a vendor with one kind is written %q", s)
	}
}
