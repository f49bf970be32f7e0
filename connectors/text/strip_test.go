package text

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestStrip goes through the layouts of mail programs in twelve languages: a case is a block in a file, not code.
func TestStrip(t *testing.T) {
	files, err := filepath.Glob("testdata/strip/*.txt")
	if err != nil || len(files) < 13 {
		t.Fatalf("want the files of twelve languages and one more, have %d: %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		blocks := strings.Split("\n"+string(data), "\n=== ")[1:]
		if len(blocks) < 10 {
			t.Errorf("%s: %d cases", file, len(blocks))
		}
		for _, block := range blocks {
			name, rest, _ := strings.Cut(block, "\n")
			mail, want, ok := strings.Cut(rest, "\n--- want\n")
			if !ok {
				t.Fatalf("%s, %s: no want", file, name)
			}
			mail = strings.ReplaceAll(mail, `\r`, "\r")
			if got, want := squeeze(Strip(mail)), squeeze(want); got != want {
				t.Errorf("%s, %s:\ngot  %q\nwant %q", filepath.Base(file), name, got, want)
			}
			if again := Strip(Strip(mail)); squeeze(again) != squeeze(Strip(mail)) &&
				!strings.Contains(name, "inline") {
				t.Errorf("%s, %s: stripping twice gives %q", filepath.Base(file), name, again)
			}
		}
	}
}

// squeeze makes runs of empty lines one.
func squeeze(s string) string {
	for strings.Contains(s, "\n\n\n") {
		s = strings.ReplaceAll(s, "\n\n\n", "\n\n")
	}
	return strings.TrimSpace(s)
}

// A notice that stands right below a name, without an empty line, is none of their words.
func TestNoticeBelowTheName(t *testing.T) {
	const own = "The blue ones, and two spare filters please."
	for _, sign := range []string{"Ann Lowe\nHead of Buying, Lowe Ltd", "Ann"} {
		for _, notice := range []string{
			"This e-mail is confidential. If you have received it in error, please delete it.",
			"This message may contain privileged information.\nTo opt out of our marketing mails click here.",
			"You can unsubscribe from our mailing list here.",
			"To stop receiving our newsletter, click here.",
			"Diese E-Mail ist vertraulich. Newsletter abbestellen: hier klicken.",
			"Ce message est confidentiel. Pour vous désabonner de notre lettre, cliquez ici.",
			"Este mensaje es confidencial. Darse de baja del boletín: pulse aquí.",
			"Questo messaggio è riservato. Per cancellarsi dalla newsletter clicchi qui.",
			"Dit bericht is vertrouwelijk. Afmelden voor de nieuwsbrief: klik hier.",
			"Esta mensagem é confidencial. Para cancelar o boletim, clique aqui.",
		} {
			got := Strip(own + "\n\n" + sign + "\n" + notice)
			if strings.Contains(got, notice[:20]) || !strings.HasPrefix(got, own) {
				t.Errorf("%q below %q: %q is left", notice, sign, got)
			}
		}
	}
	for _, theirs := range []string{
		"We cannot publish the drawings yet, because\nthis message is confidential until May.",
		"Please note:\nThis message is confidential until May.",
	} {
		if got := Strip(theirs); got != theirs {
			t.Errorf("%q: %q is left", theirs, got)
		}
	}
}
