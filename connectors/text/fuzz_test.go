package text

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// seeds are what the fuzz tests start from, beside testdata/fuzz.
func seeds(f *testing.F) []string {
	f.Helper()
	out := []string{
		"", "ok", "> a\n", "On 5 Jan 2026 at 10:00 a@b.c wrote:\n> x", "From: a\nSent: b\nTo: c\nSubject: d\n",
		"-- \n", "\xff\xfe", "@", "a@", "@b.c", "5.1.", "1/1/1/1/1", "https://", "\u2019", "d'", "'",
	}
	for _, pattern := range []string{"testdata/strip/*.txt", "testdata/class/*.txt", "testdata/corpus/*.txt"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatal("no seeds in", pattern)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			for i, block := range strings.Split(string(data), "\n=") {
				if i%7 == 0 {
					out = append(out, block)
				}
			}
		}
	}
	return out
}

// FuzzRead reads anything as body, HTML and subject: it must not panic, and the features must make sense.
func FuzzRead(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s, "Re: Offer", int64(1767776400))
	}
	f.Fuzz(func(t *testing.T, body, subject string, sent int64) {
		for _, in := range []Input{
			{Direction: crm.In, Subject: subject, Body: body, At: time.Unix(sent%4102444800, 0)},
			{Direction: crm.Out, Subject: body, Body: subject},
			{
				Direction: crm.In, HTML: body, Forwarded: true, At: time.Unix(sent%4102444800, 0),
				Header: map[string][]string{subject: {body}, "Auto-Submitted": nil}, From: subject,
			},
		} {
			got := reader.Read(in)
			if got != reader.Read(in) {
				t.Fatal("read twice, two results")
			}
			if got.Units < 0 || got.Asks < 0 || got.Units > len(body)+len(subject)+1 ||
				got.Asks > got.Units+len(subject)+1 {
				t.Fatalf("%+v", got)
			}
			if got.Class != crm.Human && got.Intents != 0 {
				t.Fatalf("intents of a machine: %+v", got)
			}
			if (got.Asks > 0) != got.Intents.Any(crm.Asks) && got.Class == crm.Human {
				t.Fatalf("asks and no questions: %+v", got)
			}
			if got.Return != 0 && (got.Class != crm.OutOfOffice && got.Class != crm.Human || !in.At.IsZero() &&
				got.Return.Time().Before(in.At.AddDate(0, 0, -1))) {
				t.Fatalf("back in the past: %+v", got)
			}
		}
	})
}

// FuzzStrip holds that what is left is made of the text's own lines.
func FuzzStrip(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, plain string) {
		got := Strip(plain)
		if !utf8.ValidString(got) {
			t.Fatal("not UTF-8")
		}
		whole := strings.ToValidUTF8(plain, "\ufffd")
		for _, l := range strings.Split(got, "\n") {
			if len(plain) <= MaxBytes && !strings.Contains(whole, strings.TrimSpace(l)) {
				t.Fatalf("%q is not in the text", l)
			}
		}
		const own = "\n\nWe need forty seats."
		if p := split(bounded(plain[:min(len(plain), MaxBytes/2)]+own), false, nil); p.body == "" && p.tail == "" &&
			!p.passed {
			t.Fatal("unmarked text is lost")
		}
		if Units(plain) == 0 && Units(got) != 0 {
			t.Fatal("more than there was")
		}
	})
}

func FuzzHTML(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add("<div>" + s + "</div><blockquote type=\"cite\">" + s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		got := FromHTML(source)
		if len(source) <= MaxBytes && len(got) > 4*len(source)+100 {
			t.Fatalf("%d bytes out of %d", len(got), len(source))
		}
		reader.LinkHashes(source, source, nil)
	})
}

// TestReadIsLinear reads what an attacker would repeat, as plain text and as HTML.
func TestReadIsLinear(t *testing.T) {
	for name, unit := range hostile {
		linear(t, name, unit, func(s string) { reader.Read(Input{Direction: crm.In, Body: s, At: at}) })
		linear(t, name+" in HTML", unit, func(s string) { reader.Read(Input{Direction: crm.In, HTML: s, At: at}) })
	}
}

// TestLinksAreLinear does the same with the finding of links, which reads the same bodies.
func TestLinksAreLinear(t *testing.T) {
	for name, unit := range hostile {
		linear(t, name, unit, func(s string) { reader.LinkHashes(s, s, nil) })
	}
}

// linear holds that one text takes no more than four times as long as its sixteen parts. What is quadratic takes
// sixteen times as long; a machine busy with other things is given five tries.
func linear(t *testing.T, name, unit string, read func(string)) {
	t.Helper()
	part, whole := strings.Repeat(unit, MaxBytes/64/len(unit)), strings.Repeat(unit, MaxBytes/64/len(unit)*16)
	for try := 0; ; try++ {
		parts := spent(func() {
			for range 16 {
				read(part)
			}
		})
		at := spent(func() { read(whole) })
		if at <= 4*parts {
			return
		}
		if try == 4 {
			t.Errorf("%s: the whole takes %s, its sixteen parts %s", name, at, parts)
			return
		}
	}
}

// spent is the processor time that f takes, or the time where there is no telling.
func spent(f func()) time.Duration {
	from, wall := cpu(), time.Now()
	f()
	if used := cpu() - from; from > 0 && used > 0 {
		return used
	}
	return time.Since(wall)
}

// TestLongInputIsCut holds that what lies behind the limit costs nothing and breaks nothing.
func TestLongInputIsCut(t *testing.T) {
	body := "Could you send me a quote?\n" + strings.Repeat("é", MaxBytes)
	if got := reader.Read(Input{Direction: crm.In, Body: body}); !got.Intents.Has(crm.QuoteRequest) {
		t.Errorf("%+v", got)
	}
	if got := Strip(strings.Repeat("好", MaxBytes)); len(got) > MaxBytes || !utf8.ValidString(got) {
		t.Errorf("%d bytes", len(got))
	}
}

// TestNothingIsKept looks for the words of a message in what the reader holds on to.
func TestNothingIsKept(t *testing.T) {
	const word = "xylophonequartz"
	r := NewReader(nil, nil)
	r.Read(Input{Direction: crm.In, Body: "please send the " + word + " to " + word + "@example.com", Subject: word})
	sc := r.scans.Get().(*scan)
	if sc.text != "" || strings.Contains(string(sc.folded[:cap(sc.folded)]), word) {
		t.Error("a word of the message is still there")
	}
}
