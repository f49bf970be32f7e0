package text

import (
	"strings"
	"testing"
	"time"

	"github.com/clipperhouse/uax29/v2/words"
	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/crm"
)

func TestUnits(t *testing.T) {
	for s, want := range map[string]int{
		"": 0, "   \n": 0, "ok": 1, "OK!": 1, "👍": 1, "👍👍👍": 1, "👍 🎉": 2, ":-)": 1, "...": 1, "no thanks": 2,
		"don't know": 2,
		"好的":         1, "好": 1, "可以的": 2, "我们星期二可以": 4, "はい": 1, "了解しました": 2, "ได้ครับ": 2, "네": 1, "네 좋아요": 2,
		"да":                            1,
		"Да, конечно":                   2,
		"https://example.com/a?b=c&d=e": 1, "see https://example.com/a/b.": 2, "www.example.com/x": 1,
		"tom.miller+x@mail.example.co.uk": 1,
		"mail tom_x-y@example.com now":    3, "3.5": 1, "10:30": 2, "l'offre": 1, "aujourd'hui": 1, "１２": 1,
		"v2.1 works": 2, "سلام": 1, "a@b": 2,
		"က": 1, "ខ្ញុំ": 1, "🇩🇪": 1, "👍🏽": 1, "👩‍💻": 1, "好的 ok": 2,
	} {
		if got := Units(s); got != want {
			t.Errorf("Units(%q) = %d, want %d", s, got, want)
		}
	}
}

func TestUnitsOfAMessage(t *testing.T) {
	for body, want := range map[string]int{
		"Hi Anna,\n\nok\n\nBest regards\nTom Miller\nExample Ltd\nTel. +1 555 0100": 1,
		"Anna,\n\nyes\n\nTom": 1,
		"Sehr geehrte Frau Huber,\n\nja, gerne.\n\nMit freundlichen Grüßen\nKarl Brenner": 2,
		"Bonjour,\n\nd'accord.\n\nCordialement\nThomas":                                   1,
		"Hello": 1,
		"On Mon, 5 Jan 2026 at 09:14, Jane <jane@example.org> wrote:\n> a question\n": 1,
		"": 0,
	} {
		if got := reader.Read(Input{Direction: crm.In, Body: body}).Units; got != want {
			t.Errorf("%q: %d units, want %d", body, got, want)
		}
	}
}

// TestClearYesInShort holds what the rules rely on: a clear yes in any language is not a short answer, a shrug is.
func TestClearYesInShort(t *testing.T) {
	for _, s := range []string{
		"ok", "Yes.", "好的", "👍", "はい", "네", "ได้ครับ", "да", "tak", "ja", "oui", "sí", "sim", "sì", "Klar!",
		"d'accord", "可以", "👍🏽", "Evet", "Ano",
	} {
		if got := reader.Read(Input{Direction: crm.In, Body: s}); !got.Intents.Has(crm.ClearYes) ||
			got.Intents.Any(crm.Vague|crm.ClearNo) || got.Units > 2 {
			t.Errorf("%q: %q, %d units; want a clear yes", s, got.Intents, got.Units)
		}
	}
	for _, s := range []string{
		"maybe", "Not sure", "vielleicht", "peut-être", "quizás", "talvez", "forse", "misschien", "может быть", "może",
		"可能", "たぶん", "글쎄요", "🤷", "อาจจะ",
	} {
		if got := reader.Read(Input{Direction: crm.In, Body: s}); !got.Intents.Has(crm.Vague) ||
			got.Intents.Any(crm.ClearYes|crm.Informs) {
			t.Errorf("%q: %q; want vague", s, got.Intents)
		}
	}
	for _, s := range []string{
		"Tuesday", "10:30", "42", "twelve", "am 5.3.", "3pm", "tom@example.com", "https://example.com", "mardi",
		"in March",
	} {
		if got := reader.Read(Input{Direction: crm.In, Body: s, At: at}); !got.Intents.Has(crm.Informs) ||
			got.Intents.Any(crm.Vague) {
			t.Errorf("%q: %q; want informs", s, got.Intents)
		}
	}
}

func TestHorizon(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zones here")
	}
	for _, c := range []struct {
		dir  crm.Direction
		body string
		want string // day in Berlin; empty: none
	}{
		{crm.In, "If this goes well we will order a lot more next quarter.", "2026-06-30"},
		{crm.In, "There will be much more business next year.", "2027-12-31"},
		{crm.In, "We have no budget this year, please come back in March.", "2026-03-01"},
		{crm.In, "The project is on hold until next year.", "2027-01-01"},
		{crm.In, "Not before Q3.", "2026-07-01"},
		{crm.In, "We decide after the fair in September, so please come back to me around 21 September.", "2026-09-21"},
		{crm.In, "I'll get back to you in two weeks.", "2026-01-21"},
		{crm.In, "Bad timing, try again after the summer.", "2026-09-01"},
		{crm.In, "Melden Sie sich im März wieder.", "2026-03-01"},
		{crm.In, "Das Projekt ist bis 15.02.2026 auf Eis.", "2026-02-15"},
		{crm.In, "Recontactez-nous après le 3 février.", "2026-02-03"},
		{crm.In, "El proyecto está aplazado hasta el próximo mes.", "2026-02-01"},
		{crm.Out, "I'll send you the details tomorrow.", "2026-01-08"},
		{crm.Out, "We will get back to you by Friday.", "2026-01-09"},
		{crm.Out, "Ich schicke Ihnen die Unterlagen bis 12.1.", "2026-01-12"},
		{crm.In, "Maybe later.", ""},
		{crm.In, "We met on 5 March 2025.", ""},
	} {
		got := reader.Read(Input{Direction: c.dir, Body: c.body, At: at, Zone: berlin})
		day := ""
		if got.Horizon != 0 {
			day = got.Horizon.Time().In(berlin).Format("2006-01-02")
		}
		if day != c.want {
			t.Errorf("%q: horizon %q, want %q (%s)", c.body, day, c.want, got.Intents)
		}
	}
}

// TestDatesInDigits reads 5/1 by the country, and in its own zone.
func TestDatesInDigits(t *testing.T) {
	york, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Skip("no time zones here")
	}
	note := func(zone *time.Location, date string) string {
		got := reader.Read(Input{
			Direction: crm.In, Subject: "Automatic reply: Offer", At: at, Zone: zone,
			Body: "Thank you for your email. I will be out of the office and back on " + date + ".",
		})
		if got.Class != crm.OutOfOffice {
			t.Fatalf("class %s", got.Class)
		}
		if zone == nil {
			zone = time.UTC
		}
		return got.Return.Time().In(zone).Format("2006-01-02 15:04")
	}
	for _, c := range []struct {
		zone *time.Location
		date string
		want string
	}{
		{york, "02/03/2026", "2026-02-03 00:00"},
		{nil, "12/01/2026", "2026-01-12 00:00"},
		{nil, "02/03/2026", "2026-02-03 00:00"},
		{nil, "1/19", "2026-01-19 00:00"},
		{nil, "2026-01-19", "2026-01-19 00:00"},
		{nil, "19.01.26", "2026-01-19 00:00"},
		{nil, "Friday", "2026-01-09 00:00"},
		{nil, "Wednesday", "2026-01-14 00:00"},
		{nil, "January 19th", "2026-01-19 00:00"},
		{nil, "the 19th of January", "2026-01-19 00:00"},
		{nil, "Tuesday the 20th", "2026-01-20 00:00"},
		{nil, "Monday 2nd", "2026-02-02 00:00"},
		{nil, "Monday at 10", "2026-01-12 00:00"},
		{nil, "Thursday the 31st", "2026-01-08 00:00"}, // no such day: the weekday alone
	} {
		if got := note(c.zone, c.date); got != c.want {
			t.Errorf("back on %s: %s, want %s", c.date, got, c.want)
		}
	}
}

// TestKey holds what the key depends on: the words, and nothing around them.
func TestKey(t *testing.T) {
	key := func(r *Reader, body string) uint64 { return r.Read(Input{Direction: crm.In, Body: body}).Key }
	a := key(reader, "Could you send the price list?")
	if a == 0 || a != key(reader, "could you  send the\nprice list") ||
		a != key(reader, "Hi Anna,\n\nCould you send the price list?\n\nBest regards\nTom") {
		t.Error("the same words have different keys")
	}
	if a == key(reader, "Could you send the price list again?") ||
		a == key(NewReader([]byte("another salt"), nil), "Could you send the price list?") {
		t.Error("different words, or salts, have the same key")
	}
	if key(reader, "") != 0 || key(reader, "> quoted\n") != 0 {
		t.Error("no words have a key")
	}
}

func TestLinks(t *testing.T) {
	quote := "https://example.org/q/ab12?x=1"
	h := reader.LinkHash(quote)
	for _, same := range []string{
		"https://EXAMPLE.org/q/ab12?x=1", "http://example.org/q/ab12?x=1&utm_source=mail",
		"https://example.org/q/ab12/?x=1#top", "example.org/q/ab12?x=1", " https://example.org/q/ab12?x=1&_hsmi=2 ",
	} {
		if reader.LinkHash(same) != h {
			t.Errorf("%s is another link", same)
		}
	}
	for _, other := range []string{
		"https://example.org/q/ab13?x=1", "https://example.org/q/ab12?x=2", "https://example.org/Q/ab12?x=1",
		"https://example.com/q/ab12?x=1",
	} {
		if reader.LinkHash(other) == h {
			t.Errorf("%s is the same link", other)
		}
	}
	if reader.LinkHash("") != 0 {
		t.Error("no link has a hash")
	}
	isQuote := func(u string) bool { return strings.Contains(u, "/q/") }
	for name, c := range map[string]struct {
		body, html string
		want       int
	}{
		"plain": {"Here is the quote: " + quote + ".", "", 1},
		"twice": {quote + "\n" + quote, "", 1},
		"in html": {
			"",
			`<a href="https://example.org/q/ab12?x=1&amp;utm_source=a">the quote</a> <a href="https://example.org/about">about</a>`, 1,
		},
		"in quoted text": {
			"See below.\n\nOn Mon, 5 Jan 2026 at 09:14, Jane <jane@example.org> wrote:\n> " + quote,
			"", 0,
		},
		"in quoted html": {
			"", `<p>See below.</p><blockquote type="cite"><a href="` + quote + `">the quote</a></blockquote>`, 0,
		},
		"in the signature": {"Hi.\n\nBest regards\nJane\n" + quote, "", 1},
		"none":             {"no link here", "", 0},
	} {
		got := reader.LinkHashes(c.body, c.html, isQuote)
		if len(got) != c.want || c.want == 1 && got[0] != h {
			t.Errorf("%s: %d links, want %d", name, len(got), c.want)
		}
	}
	if got := reader.LinkHashes(strings.Repeat("https://example.org/"+"a ", 10)+"ftp://example.org/b", "",
		nil); len(got) != 1 {
		t.Errorf("%d links, want one", len(got))
	}
}

func TestExtraPhrases(t *testing.T) {
	r := NewReader(nil, Lexicon{
		crm.Urgent: {"red alert", "^ $ _ @"}, crm.QuoteRequest | crm.Asks: {"two at once"},
		crm.OptOut: {"Éteignez tout"},
	})
	got := r.Read(Input{Direction: crm.In, Body: "This is a Red Alert for us."})
	if !got.Intents.Has(crm.Urgent) || reader.Read(Input{
		Direction: crm.In, Body: "This is a Red Alert for us.",
	}).Intents.Any(crm.Urgent) {
		t.Errorf("%q; want urgent by the phrase of the settings alone", got.Intents)
	}
	if r.Read(Input{Direction: crm.In, Body: "This is not a red alert."}).Intents.Any(crm.Urgent) {
		t.Error("a denied phrase of the settings counts")
	}
	if !r.Read(Input{Direction: crm.In, Body: "eteignez tout"}).Intents.Has(crm.OptOut) {
		t.Error("marks on letters make a difference")
	}
}

// TestCutsAsUnicodeDoes holds the quick way of cutting ASCII against the tables, on every pair of bytes between words
// too.
func TestCutsAsUnicodeDoes(t *testing.T) {
	texts := []string{mail(t, 300_000)}
	for a := range 128 {
		for b := range 130 {
			texts = append(texts, "ab"+string(rune(a))+string(rune(b*b%0x350))+"c1", string(rune(a))+string(rune(b))+
				" e\u0301 "+string(rune(b)))
		}
	}
	for _, text := range texts {
		at := 0
		for it := words.FromString(text); it.Next(); at += len(it.Value()) {
			if end := wordEnd(text, at); end != at+len(it.Value()) {
				t.Fatalf("%.20q is cut into %q, want %q", text[at:], text[at:end], it.Value())
			}
		}
	}
}

func TestPhrasesOfSettings(t *testing.T) {
	var l Lexicon
	if err := l.Decode("opt_out: lose my number, 別の人へ ;\n urgent:line down\nurgent: red alert, 🆘;"); err != nil {
		t.Fatal(err)
	}
	want := Lexicon{crm.OptOut: {"lose my number", "別の人へ"}, crm.Urgent: {"line down", "red alert", "🆘"}}
	if diff := cmp.Diff(want, l); diff != "" {
		t.Error(diff)
	}
	if got := NewReader(nil, l).Read(Input{Direction: crm.In, Body: "別の人へお願いします"}); !got.Intents.Has(crm.OptOut) {
		t.Errorf("%q; want the phrase of a script without spaces", got.Intents)
	}
	l = Lexicon{crm.Urgent: {"not a minute later"}}
	for body, want := range map[string]bool{
		"We need it by Monday, not a minute later.": true, "It need never be not a minute later.": false,
	} {
		if got := NewReader(nil, l).Read(Input{Direction: crm.In, Body: body}); got.Intents.Has(crm.Urgent) != want {
			t.Errorf("%q: %q", body, got.Intents)
		}
	}
	for value, says := range map[string]string{
		"lose my number": "want an intent, a colon", "optout: x": `intent "optout": want some of quote_request`,
		"asks urgent: x": "want one intent",
		": x":            "want one intent", "urgent: a*": "plain words", "urgent: @us, x": "plain words",
		"urgent: ": "without a word", "urgent: x,,y": "without a word",
		"urgent: " + strings.Repeat("a ", 13): "13 words", "urgent: a" + strings.Repeat(",a", 1000): "1001 phrases",
		"x: y; urgent: ~": `intent "x"`,
	} {
		before := len(l)
		if err := l.Decode(value); err == nil || !strings.Contains(err.Error(), says) ||
			strings.Contains(err.Error(), "\n") || len(l) != before {
			t.Errorf("%.40q: %v; want an error of one line with %q and nothing taken", value, err, says)
		}
	}
}

func TestDirection(t *testing.T) {
	body := "Please find attached our quote. We are not interested in more. I'll send you the details tomorrow, " +
		"unsubscribe me."
	out, in := reader.Read(Input{Direction: crm.Out, Body: body, At: at}), reader.Read(Input{
		Direction: crm.In, Body: body, At: at,
	})
	if !out.Intents.Has(crm.CarriesQuote|crm.Promises) || out.Intents.Any(crm.NotInterested|crm.OptOut) {
		t.Errorf("out: %q", out.Intents)
	}
	if in.Intents.Any(crm.CarriesQuote) || !in.Intents.Has(crm.NotInterested|crm.OptOut|crm.Promises) {
		t.Errorf("in: %q", in.Intents)
	}
	body = "You will receive an answer by Friday."
	out, in = reader.Read(Input{Direction: crm.Out, Body: body, At: at}), reader.Read(Input{
		Direction: crm.In, Body: body, At: at,
	})
	if !out.Intents.Has(crm.Promises) || in.Intents.Any(crm.Promises) {
		t.Errorf("what we promise is no promise of theirs: out %q, in %q", out.Intents, in.Intents)
	}
}

func TestSubject(t *testing.T) {
	for _, c := range []struct {
		subject string
		want    bool
	}{
		{"Request for quotation", true},
		{"[sales] Angebotsanfrage", true},
		{"Re: Request for quotation", false},
		{"WG: Re: Request for quotation", false},
		{"Antw.: Request for quotation", true},
	} {
		got := reader.Read(Input{Direction: crm.In, Subject: c.subject, Body: "See the attached file.", At: at})
		if got.Intents.Has(crm.QuoteRequest) != c.want {
			t.Errorf("%q: %q", c.subject, got.Intents)
		}
	}
}

func TestForwarded(t *testing.T) {
	body := "---------- Forwarded message ---------\nFrom: Tom <tom@example.com>\nDate: Mon, 5 Jan 2026 at " +
		"09:14\nSubject: Prices\nTo: Jane <jane@example.org>\n\nHi Jane,\n\ncould you send me a quote?\n\nBest " +
		"regards\nTom\n"
	plain := reader.Read(Input{Direction: crm.In, Body: body, At: at})
	if plain.Intents.Any(crm.QuoteRequest) || plain.Units != 1 {
		t.Errorf("a forward of another's words: %q, %d units", plain.Intents, plain.Units)
	}
	asked := reader.Read(Input{Direction: crm.In, Body: body, At: at, Forwarded: true})
	if !asked.Intents.Has(crm.QuoteRequest) || asked.Units != 6 {
		t.Errorf("forwarded into the CRM: %q, %d units", asked.Intents, asked.Units)
	}
}
