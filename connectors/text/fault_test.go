package text

import (
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// A quote that has to be sent once more because of us is asked for, and not as the same one again.
func TestOurFaultIsNoSecondRequest(t *testing.T) {
	for _, body := range []string{
		"The link to your offer does not open, would you resend it?",
		"I am afraid that the attachment was missing, please send the quote again.",
		"Could you send the offer again? The file could not be opened.",
		"Der Link zum Angebot funktioniert nicht, können Sie es noch einmal schicken?",
	} {
		if got := theirs(body); got.Any(crm.QuoteAgain|crm.QuoteRequest) || !got.Any(crm.Requests) {
			t.Errorf("%q: %s", body, got)
		}
	}
	for _, body := range []string{
		"Link broken.", "The PDF is empty, please send me the quote.", "You attached the wrong file.",
		"Der Anhang fehlt.", "Der Anhang hat gefehlt.", "De bijlage ontbrak.",
		"Le lien ne fonctionne pas.", "El archivo está dañado.", "We never received your quote.",
	} {
		if got := theirs(body); !got.Has(crm.OurFault) {
			t.Errorf("%q is no fault of ours: %s", body, got)
		}
	}
	if got := theirs("Could you send me the quote again, please?"); !got.Has(crm.QuoteAgain) || got.Any(crm.OurFault) {
		t.Errorf("without a fault of ours: %s", got)
	}
}

// What never reached them is no second request either: neither theirs to prove, nor a mark against them.
func TestWhatNeverArrivedIsNoSecondRequest(t *testing.T) {
	for _, body := range []string{
		"I never received your quote.",
		"We have not received your offer yet, could you send it again?",
		"Your proposal has never reached us. Would you resend it?",
		"I don't have your quote, please send it again.",
		"There is no trace of your estimate in my inbox.",
		"Wir haben Ihr Angebot nie erhalten.",
		"Das Angebot ist nicht angekommen, bitte noch einmal schicken.",
		"Bei uns ist noch kein Angebot eingegangen, schicken Sie es bitte erneut?",
		"Uns liegt keine Offerte von Ihnen vor.",
		"Nous n'avons jamais reçu votre devis, pouvez-vous le renvoyer ?",
		"Votre offre n'est pas arrivée, merci de la renvoyer.",
		"No hemos recibido su presupuesto, ¿puede reenviarlo?",
		"El presupuesto no ha llegado. Envíenlo otra vez, por favor.",
		"Non abbiamo mai ricevuto il preventivo, può rimandarlo?",
		"L'offerta non è arrivata, ce la rimanda?",
		"We hebben de offerte niet ontvangen. Kunt u die opnieuw sturen?",
		"De offerte is nooit aangekomen, graag nog een keer.",
		"Não recebemos a proposta, pode reenviar?",
		"O orçamento nunca chegou. Podem enviar de novo?",
	} {
		if got := theirs(body); got.Any(crm.QuoteAgain|crm.QuoteRequest) || !got.Any(crm.Requests) {
			t.Errorf("%q: %s", body, got)
		}
	}
	for _, body := range []string{ // theirs to keep
		"I cannot find your quote any more, could you send it again?",
		"Ich finde Ihr Angebot nicht mehr, bitte noch einmal schicken.",
		"Je ne retrouve plus votre devis, pouvez-vous me le renvoyer ?",
		"No encuentro su presupuesto, ¿me lo reenvía?",
		"Non trovo più il preventivo, me lo rimanda?",
		"Ik kan de offerte niet meer vinden, stuurt u die opnieuw?",
		"Não encontro a proposta, pode reenviar?",
	} {
		if got := theirs(body); !got.Has(crm.QuoteAgain) {
			t.Errorf("%q: %s", body, got)
		}
	}
}

// What is done once more with a quote is no request for it, unless it is to be handed over.
func TestWhatIsReadAgainIsNotAskedForAgain(t *testing.T) {
	for _, body := range []string{
		"Ich habe das Angebot noch einmal durchgesehen, ist die Montage enthalten?",
		"Können Sie das Angebot noch einmal überarbeiten?",
		"Könnten Sie mir das Angebot noch einmal erklären?",
		"Ich habe Ihr Angebot erneut dem Vorstand vorgelegt, bis wann gilt es?",
		"Ich möchte das Angebot noch einmal mit meinem Kollegen besprechen, passt Ihnen Freitag?",
		"Ist in Ihrem Angebot die Lieferung auch noch einmal extra zu zahlen?",
		"In Ihrem Angebot ist die Mehrwertsteuer nicht da, kommt die noch dazu?",
		"Haben Sie für das Angebot noch einmal einen Moment am Telefon?",
		"Den Preis im Angebot haben wir nie bekommen, letztes Mal war er niedriger. Woran liegt das?",
		"I went through the offer again, is assembly included?",
		"Could you walk me through the estimate one more time?",
		"J'ai relu votre devis encore une fois, la pose est-elle comprise ?",
		"He repasado otra vez su presupuesto, ¿incluye el montaje?",
		"Ho riletto di nuovo l'offerta, il montaggio è compreso?",
		"Ik heb de offerte nog een keer doorgenomen, is de montage inbegrepen?",
		"Revi a proposta mais uma vez, a montagem está incluída?",
	} {
		if got := theirs(body); got.Has(crm.QuoteAgain) {
			t.Errorf("%q: %s", body, got)
		}
	}
	for _, body := range []string{
		"Könnten Sie mir das Angebot noch einmal zuschicken?",
		"Das Angebot noch einmal, bitte.",
		"Hätten Sie das Angebot noch einmal für mich?",
		"Pourriez-vous nous retransmettre votre offre ?",
		"¿Me puede enviar otra vez el presupuesto?",
		"Mi può mandare di nuovo l'offerta?",
		"Kunt u de offerte nog een keer mailen?",
		"Podem enviar a proposta outra vez?",
	} {
		if got := theirs(body); !got.Has(crm.QuoteAgain) {
			t.Errorf("%q: %s", body, got)
		}
	}
}

func theirs(body string) crm.Intents {
	at := time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC)
	return reader.Read(Input{Direction: crm.In, Subject: "Re: Offer", Body: body, At: at}).Intents
}
