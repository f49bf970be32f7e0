package population

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// lead leads a life to its end, with a CRM that always says open, and returns everything that came about.
func lead(p *Population, i int) (*Life, []crm.Fact) {
	l := p.Live(i)
	var all []crm.Fact
	for at := p.Begin; at.Before(p.End); at = at.AddDate(0, 0, 1) {
		all = append(all, l.Until(at)...)
		l.See(&crm.Rating{Status: crm.Open})
	}
	return l, all
}

func TestTheSameSeedIsTheSameCrowd(t *testing.T) {
	a, b, c := First(7, 60), First(7, 60), First(8, 60)
	other := 0
	for i := range a.Len() {
		_, x := lead(a, i)
		_, y := lead(b, i)
		if diff := cmp.Diff(x, y); diff != "" {
			t.Fatalf("person %d led two lives from one seed:\n%s", i, diff)
		}
		if _, z := lead(c, i); !cmp.Equal(x, z) {
			other++
		}
	}
	if other < 55 {
		t.Errorf("only %d of 60 lives changed with the seed", other)
	}
}

func TestFactsAreWhatConnectorsReport(t *testing.T) {
	for _, p := range []*Population{First(1, 200), Third(1, 200), Fourth(1, 200)} {
		checkFacts(t, p)
	}
}

func checkFacts(t *testing.T, p *Population) {
	for i := range p.Len() {
		_, facts := lead(p, i)
		latest := map[string]crm.Fact{}
		for _, f := range facts {
			if f.ID == "" || f.Kind == 0 || f.At == 0 || f.At.Time().Before(p.Begin) || f.At.Time().After(p.End) {
				t.Fatalf("%+v: want an id, a kind and an instant of the watched time", f)
			}
			if was, ok := latest[f.ID]; ok && f.Kind != crm.KindProperty && (f.Version <= was.Version ||
				f.At != was.At) {
				t.Fatalf("%s came as version %d at %s, then %d at %s: versions rise and At stays", f.ID, was.Version,
					was.At, f.Version, f.At)
			}
			latest[f.ID] = f
		}
	}
}

// Whoever changes one of the crowds changes what was settled before anything was judged on it, and every comparison
// with earlier tables.
func TestCrowdsStayAsTheyAre(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("other processors round otherwise, and draw other lots from there on")
	}
	for want, p := range map[string]*Population{
		"0b84a0c296a1eb2c": First(7, 200), "ea98523a87ba605b": Second(7, 200), "f34b547629726bd8": Third(7, 200),
		"c6fe13a5607a5404": Fourth(7, 200),
	} {
		h := sha256.New()
		for i := range p.Len() {
			_, facts := lead(p, i)
			b, err := json.Marshal(facts)
			if err != nil {
				t.Fatal(err)
			}
			h.Write(b)
		}
		if got := hex.EncodeToString(h.Sum(nil)[:8]); got != want {
			t.Errorf("the %s crowd is %s, want %s: it has been changed", p.Name, got, want)
		}
	}
}

// What is particular to the third crowd comes about in it, and in no other.
func TestThirdIsHarder(t *testing.T) {
	count := func(p *Population) map[string]int {
		n := map[string]int{}
		for i := range p.Len() {
			_, facts := lead(p, i)
			for _, f := range facts {
				m := f.Message
				switch {
				case f.Peer != "":
					n["peers"]++
				case m == nil:
				case m.Direction == crm.Out && m.Text.Unread:
					n["unread of ours"]++
				case m.Text.Class == crm.AutoReply, m.Text.Class == crm.Receipt:
					n["machines"]++
				case m.Direction == crm.In && m.Text.Class == crm.Human && !m.Text.Unread && m.Text.Intents == 0 &&
					m.Text.Units > 2:
					n["foreign"]++
				}
			}
		}
		return n
	}
	easy, hard := count(First(1, 200)), count(Third(1, 200))
	for _, what := range []string{"unread of ours", "machines", "foreign"} {
		if easy[what] != 0 || hard[what] < 50 {
			t.Errorf("%s: %d in the first crowd, %d in the third: want none, and many", what, easy[what], hard[what])
		}
	}
	if hard["peers"] < 2*easy["peers"] {
		t.Errorf("%d words of colleagues in the third crowd, %d in the first: want at least twice as many",
			hard["peers"], easy["peers"])
	}
}

// The crowd must be what its truth says, or the comparison means nothing.
func TestTruth(t *testing.T) {
	for _, p := range []*Population{First(1, 1000), Second(2, 1000), Third(3, 1000), Fourth(4, 1000)} {
		people, bought, turned, owed := map[Truth]int{}, map[Truth]int{}, 0, 0
		kinds := map[string]bool{}
		for i := range p.Len() {
			l := p.Live(i)
			kinds[l.Archetype.Name] = true
			waited := false
			for at := p.Begin; at.Before(p.End); at = at.AddDate(0, 0, 1) {
				l.Until(at)
				if since, owes := l.Owes(); owes && at.Sub(since) > 10*24*time.Hour {
					waited = true
				}
			}
			people[l.Archetype.Truth]++
			if l.Bought() {
				bought[l.Archetype.Truth]++
			}
			if l.Archetype.Truth == Waster && !l.Turned().IsZero() {
				turned++
			}
			if waited {
				owed++
			}
		}
		t.Logf("%s: people %v, bought %v, wasters turned %d, waited more than ten days for us %d, kinds %d", p.Name,
			people, bought, turned, owed, len(kinds))
		if len(kinds) != map[bool]int{true: len(fourthShares), false: len(firstShares)}[p.Name == "fourth"] ||
			people[Waster] != 100 || people[Genuine]+people[Declines] != 900 {
			t.Errorf("%s: %v people of %d kinds: want all kinds and nine of ten in earnest", p.Name, people, len(kinds))
		}
		if bought[Waster]+bought[Declines] > 0 || bought[Genuine] < people[Genuine]*7/10 {
			t.Errorf("%s: bought %v of %v: those in earnest buy, the others never", p.Name, bought, people)
		}
		if turned < people[Waster]*9/10 {
			t.Errorf("%s: %d of %d wasters wasted anything", p.Name, turned, people[Waster])
		}
		if owed < people[Genuine]/20 {
			t.Errorf("%s: only %d people ever waited for us: our slips are the point", p.Name, owed)
		}
	}
}

func TestBusinessTime(t *testing.T) {
	w := newWorld()
	berlin, riyadh := w.places[0], w.places[8]
	friday := time.Date(2025, time.January, 10, 15, 0, 0, 0, time.UTC) // 16:00 in Berlin
	if got, want := berlin.after(friday, 2*time.Hour), time.Date(2025, time.January, 13, 9, 0, 0, 0,
		time.UTC); !got.Equal(want) {
		t.Errorf("two business hours after Friday 16:00 is %s, want Monday 10:00 in Berlin", got)
	}
	if got, want := riyadh.after(friday, time.Hour), time.Date(2025, time.January, 12, 7, 0, 0, 0,
		time.UTC); !got.Equal(want) {
		t.Errorf("one business hour after Friday evening is %s, want Sunday 10:00 in Riyadh", got)
	}
	eve := time.Date(2025, time.December, 24, 17, 0, 0, 0, time.UTC)
	if got := berlin.after(eve, time.Minute); got.Day() == 25 || got.Day() == 26 {
		t.Errorf("business in Berlin on %s: it is a holiday", got)
	}
}
