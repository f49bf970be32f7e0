package text

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestClass goes through what machines and people send: a case is a block in a file. All were sent on Wednesday, 7
// January 2026.
func TestClass(t *testing.T) {
	files, err := filepath.Glob("testdata/class/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	type cell struct{ hit, miss, wrong int }
	table := map[crm.Class]*cell{}
	for c := crm.Human; c <= crm.Bulk; c++ {
		table[c] = &cell{}
	}
	returns := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split("\n"+string(data), "\n== ")[1:] {
			label, rest, _ := strings.Cut(block, "\n")
			name, day, _ := strings.Cut(strings.TrimSpace(label), " ")
			var want crm.Class
			if err := want.UnmarshalText([]byte(name)); err != nil {
				t.Fatal(err)
			}
			in := Input{Direction: crm.In, At: at, Header: map[string][]string{}}
			for {
				line, more, _ := strings.Cut(rest, "\n")
				key, value, ok := strings.Cut(line, ": ")
				if !ok || in.Subject != "" {
					break
				}
				rest = more
				switch key {
				case "Subject":
					in.Subject = value
				case "From":
					in.From = value
				case "Header":
					k, v, _ := strings.Cut(value, ": ")
					in.Header[k] = []string{v}
				}
			}
			in.Body = strings.TrimSpace(rest)
			got := reader.Read(in)
			if got.Class != want {
				t.Errorf("%s, %q: %s, want %s", filepath.Base(file), in.Subject, got.Class, want)
				table[want].miss++
				table[got.Class].wrong++
				continue
			}
			table[want].hit++
			if back := got.Return; day != "" || back != 0 {
				returns++
				if s := back.Time().Format("2006-01-02"); s != day && !(day == "" && back == 0) {
					t.Errorf("%s, %q: back on %s, want %q", filepath.Base(file), in.Subject, s, day)
				}
			}
			if got.Class != crm.Human && (got.Intents != 0 || got.Key != 0) {
				t.Errorf("%q: intents %q in what no person wrote", in.Subject, got.Intents)
			}
		}
	}
	for c := crm.Human; c <= crm.Bulk; c++ {
		t.Logf("%-14s hit %2d miss %d wrong %d", c, table[c].hit, table[c].miss, table[c].wrong)
		if table[c].hit == 0 {
			t.Errorf("no case of class %s", c)
		}
	}
	if returns < 25 {
		t.Errorf("only %d cases with a return date", returns)
	}
}

// TestWayOut holds that a way out of a list below a letter of ours proves nothing, wherever it stands and whatever its
// line begins with: CRMs put one below every letter. The header that leaves a list with one click does, which no
// person's mail has.
func TestWayOut(t *testing.T) {
	const letter = "Dear customers,\n\nour new catalogue is out. It has 200 pages of the best parts.\n\nYour Example " +
		"team\n\n"
	const link = " https://example.com/u?1"
	class := func(subject, body string) crm.Class {
		return reader.Read(Input{Direction: crm.Out, Subject: subject, Body: body, At: at}).Class
	}
	listed := Input{
		Direction: crm.Out, Subject: "Our new catalogue", Body: letter, At: at,
		Header: map[string][]string{"List-Unsubscribe-Post": {"List-Unsubscribe=One-Click"}},
	}
	if got := reader.Read(listed).Class; got != crm.Bulk {
		t.Errorf("sent to a list: %s, want mass mail", got)
	}
	for _, footer := range []string{
		"Unsubscribe here:", "You can unsubscribe at any time:", "Don't want these emails? Unsubscribe:", "Opt out:",
		"If you no longer wish to receive these mails, click here:",
		"Hier abmelden:", "Sie können sich hier abmelden:", "Abmeldelink:", "Vom Verteiler abmelden:",
		"Wenn Sie keine E-Mails mehr erhalten möchten, klicken Sie hier:",
		"Se désinscrire :", "Lien de désinscription :", "Vous pouvez vous désinscrire ici :",
		"Si vous ne souhaitez plus recevoir nos messages, cliquez ici :",
		"Darse de baja:", "Puede darse de baja aquí:", "Date de baja aquí:", "Anular la suscripción:",
		"Si no desea recibir más correos, haga clic aquí:",
		"Disiscriviti:", "Annulla l'iscrizione:", "Clicca qui per disiscriverti:",
		"Per non ricevere più queste email clicca qui:",
		"Cancelar inscrição:", "Descadastre-se:", "Remover subscrição:",
		"Se não quiser receber mais emails, clique aqui:", "Para deixar de receber clique aqui:",
		"Afmelden:", "Klik hier om u uit te schrijven:", "Schrijf je hier uit:",
		"Als u geen mails meer wilt ontvangen, klik hier:",
	} {
		for _, before := range []string{"", "-- \nExample Ltd\n1 Road\n", "Example Ltd | 1 Road | "} {
			body := letter + before + footer + link
			if got := class("Our new catalogue", body); got != crm.Human {
				t.Errorf("%q: %s", before+footer, got)
			}
			if got := class("Re: Our new catalogue", body); got != crm.Human {
				t.Errorf("%q in an answer: %s", before+footer, got)
			}
			if got := class("Our new catalogue", body+"\n\nOn Mon, 5 Jan 2026 at 09:14, Jane <jane@example.org> "+
				"wrote:\n> Do you have a catalogue?\n"); got != crm.Human {
				t.Errorf("%q above quoted text: %s", before+footer, got)
			}
		}
	}
	for _, body := range []string{
		"Dear Jane,\n\nthe samples left today.\n\nBest regards\nTom Miller\nExample Ltd\nSubscribe to our newsletter:" + link,
		"Sehr geehrte Frau Huber,\n\ndie Muster gingen heute ab.\n\nMit freundlichen Grüßen\nKarl Brenner\nNewsletter:" + link,
		"Estimada Ana:\n\nlas muestras salieron hoy. El precio ha tenido una baja.\n\nUn saludo\nLuis\nSuscripción " +
			"al boletín:" + link,
		"Dear Jane,\n\nyou asked how your people would manage subscriptions. It takes a minute.\n\nBest regards\nTom",
		"Dear Jane,\n\nyou asked how your people unsubscribe: with one click. I can show you on Tuesday. We can meet " +
			"at your office. Shall I bring the samples? I look forward to it.\n\nTom\n" + link,
	} {
		if got := class("Samples", body); got != crm.Human {
			t.Errorf("%q: %s, want a person's", body, got)
		}
	}
	if got := reader.Read(Input{
		Direction: crm.In, Subject: "Your mails", Body: "Please unsubscribe me:" + link, At: at,
	}); got.Class != crm.Human || !got.Intents.Has(crm.OptOut) {
		t.Errorf("theirs: %s, %s; want an opt-out", got.Class, got.Intents)
	}
}
