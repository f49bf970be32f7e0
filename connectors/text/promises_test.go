package text

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestOurPromises holds that we owe what we promised, and only that: a promise of ours that is missed lets them be
// blamed for our silence, one that is none keeps a clock from running.
func TestOurPromises(t *testing.T) {
	files, err := filepath.Glob("testdata/promises/*.txt")
	if err != nil || len(files) != 7 {
		t.Fatalf("%d languages, %v; want 7", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			mark, body, _ := strings.Cut(strings.TrimSpace(line), " ")
			got := reader.Read(Input{Direction: crm.Out, Subject: "Re: Example", Body: body, At: at})
			if want := mark == "+"; got.Intents.Has(crm.Promises) != want {
				t.Errorf("%s: a promise %t, want %t, of %q: %s", filepath.Base(file), !want, want, body, got.Intents)
			}
			if mark == "+" && (got.Asks > 0 || got.Intents.Any(crm.Asks|crm.AsksYesNo)) {
				t.Errorf("%s: %d questions in %q", filepath.Base(file), got.Asks, body)
			}
		}
	}
}

// TestPleaForTimeIsTheirs holds that whoever asks whether they need more time has asked something.
func TestPleaForTimeIsTheirs(t *testing.T) {
	for _, body := range []string{
		"Do you need a few more days?", "Brauchen Sie noch ein paar Tage?", "Heeft u nog een paar dagen nodig?",
	} {
		if got := reader.Read(Input{Direction: crm.Out, Subject: "Re: Example", Body: body, At: at}); got.Asks != 1 ||
			got.Intents.Any(crm.Promises) {
			t.Errorf("%q: %d questions, %s; want one and no promise", body, got.Asks, got.Intents)
		}
	}
	if got := reader.Read(Input{
		Direction: crm.In, Subject: "Re: Example", Body: "Give us a few days to check this.", At: at,
	}); got.Asks > 0 || !got.Intents.Any(crm.Promises) {
		t.Errorf("theirs: %d questions, %s; want a promise", got.Asks, got.Intents)
	}
}

// TestHandedOver tells what we hand over from what we promise.
func TestHandedOver(t *testing.T) {
	const quote, promise = crm.CarriesQuote, crm.Promises
	for body, want := range map[string]crm.Intents{
		"Anbei sende ich Ihnen das Angebot.":                          quote,
		"Anbei sende ich Ihnen unser Angebot vom 5. Januar.":          quote,
		"Ich schicke Ihnen das Angebot morgen.":                       promise,
		"Anbei das Angebot, und ich melde mich am Freitag.":           quote | promise,
		"Anbei das Angebot. Ich melde mich wieder.":                   quote | promise,
		"Attached I am sending you the quote.":                        quote,
		"I'll send you the attached quote.":                           quote,
		"I'll send you the quote tomorrow.":                           promise,
		"The quote is attached. I will call you on Friday.":           quote | promise,
		"Je vous envoie le devis en pièce jointe.":                    quote,
		"Je vous envoie le devis demain.":                             promise,
		"Le envío adjunto el presupuesto.":                            quote,
		"Le envío el presupuesto mañana.":                             promise,
		"Le invio in allegato il preventivo.":                         quote,
		"Le invio il preventivo domani.":                              promise,
		"Envio em anexo o orçamento.":                                 quote,
		"Vou enviar o orçamento amanhã.":                              promise,
		"Hierbij stuur ik u de offerte.":                              quote,
		"Ik stuur u de offerte morgen.":                               promise,
		"Im Anhang finden Sie die Unterlagen, ich schicke sie Ihnen.": 0,
	} {
		got := reader.Read(Input{Direction: crm.Out, Subject: "Re: Example", Body: body, At: at}).Intents
		if got&(quote|promise) != want {
			t.Errorf("%q: %s, want %s", body, got&(quote|promise), want)
		}
	}
}
