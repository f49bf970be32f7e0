package text

import (
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// A quote that has to be sent once more because of us is asked for, and not as the same one again.
func TestOurFaultIsNoSecondRequest(t *testing.T) {
	read := func(body string) crm.Intents {
		at := time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC)
		return reader.Read(Input{Direction: crm.In, Subject: "Re: Offer", Body: body, At: at}).Intents
	}
	for _, body := range []string{
		"The link to your offer does not open, would you resend it?",
		"I am afraid that the attachment was missing, please send the quote again.",
		"Could you send the offer again? The file could not be opened.",
		"Der Link zum Angebot funktioniert nicht, können Sie es noch einmal schicken?",
	} {
		if got := read(body); got.Any(crm.QuoteAgain|crm.QuoteRequest) || !got.Any(crm.Requests) {
			t.Errorf("%q: %s", body, got)
		}
	}
	if got := read("Could you send me the quote again, please?"); !got.Has(crm.QuoteAgain) {
		t.Errorf("without a fault of ours: %s", got)
	}
}
