package text

import (
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// blame is whose fault it is that something did not reach them as it should.
type blame uint8

const (
	oursToMend   blame = iota // our link or file
	nobodys                   // their server, their telephone: nobody's
	theirsToMend              // they forgot it, or somebody else did
)

// faults takes out of the sentences what is no fault of ours.
func (m *message) faults() {
	m.swallowed = false
	for i := range m.sentences {
		m.sentences[i].found &^= 1 << cueFault
	}
	k := 0
	m.hits = slices.DeleteFunc(m.hits, func(h hit) bool {
		for int(h.from) >= m.sentences[k].to {
			k++
		}
		if h.feature != cueFault {
			return false
		}
		switch m.blames(&h, &m.sentences[k]) {
		case oursToMend:
			m.sentences[k].found.add(cueFault)
			return false
		case nobodys:
			m.swallowed = true
		}
		return true
	})
}

// blames is whose fault h tells of.
func (m *message) blames(h *hit, s *sentence) blame {
	first, end := m.clausesOf(h)
	from, to := m.clauses[first].from, m.clauses[end-1].to
	you := m.span(from, to, h.lang)&traitYou != 0 || m.says(from, to, yours)
	switch {
	case m.steppedOn(h, forgetting):
		if !m.says(s.from, s.to, sent) {
			return theirsToMend // "you forgot me"
		}
		if !you && (m.span(from, to, h.lang)&(traitWe|traitOthers|traitMine) != 0 || m.says(from, to, weHave)) {
			return theirsToMend
		}
	case !m.says(m.sentences[m.bodyFrom].from, m.sentences[len(m.sentences)-1].to, files):
		return theirsToMend // "we cannot open before nine"
	case m.says(from, to, devices), m.theirMachine(from, to):
		return nobodys
	case m.steppedOn(h, lacking) && m.span(from, to, h.lang)&(traitWe|traitPlease) != 0,
		!you && m.says(from, to, outsiders):
		return theirsToMend
	}
	return oursToMend
}

// theirMachine reports whether one of the tokens from, to (exclusive) is a machine of theirs: "our mail server".
func (m *message) theirMachine(from, to int) bool {
	for i := from; i < to; i++ {
		if m.marks[i]&traitMine != 0 && m.says(i+1, min(i+1+shortRest, to), machines) {
			return true
		}
	}
	return false
}

// says reports whether one of the tokens from, to (exclusive) is one of words.
func (m *message) says(from, to int, words map[string]bool) bool {
	for i := from; i < to; i++ {
		if m.tokens[i].kind == wordToken && m.among(i, words) {
			return true
		}
	}
	return false
}

// steppedOn reports whether one of words is a step of h.
func (m *message) steppedOn(h *hit, words map[string]bool) bool {
	for i := int(h.from); i < int(h.to); i++ {
		if h.gaps&(1<<(i-int(h.from))) == 0 && m.among(i, words) {
			return true
		}
	}
	return false
}

// resent makes a request of what has to be sent once more because our link was broken, because it never reached them or
// because a machine of theirs swallowed it: it asks for no quote again.
func (m *message) resent(all crm.Intents) crm.Intents {
	missing, fault := m.missing(), m.cue(cueFault)
	if m.in.Direction == crm.Out || all.Any(harmful) || !missing && !fault && !m.swallowed {
		return all
	}
	if missing || fault {
		all |= crm.OurFault
	}
	if !missing && !all.Any(crm.QuoteAgain) && !(fault && all.Any(crm.AsksYesNo)) {
		return all
	}
	if missing || all.Any(crm.QuoteAgain) {
		all &^= crm.QuoteAgain | crm.QuoteRequest
	}
	return all | crm.Requests
}

// missing reports whether they say that a quote of ours never reached them.
func (m *message) missing() bool {
	return slices.ContainsFunc(m.hits, func(h hit) bool { return h.feature == cueMissing && m.plainGaps(&h) })
}

// among reports whether token i is one of words.
func (s *scan) among(i int, words map[string]bool) bool {
	var buf [48]byte
	return words[string(appendFold(buf[:0], s.text[s.tokens[i].start:s.tokens[i].end]))]
}

var (
	weHave     = setOf("ho abbiamo he hemos habe haben heb hebben")
	forgetting = setOf("forgot forgotten vergessen oublié oubliée oubliés olvidó olvidaron olvidasteis olvidaste " +
		"dimenticato dimenticata esqueceu esqueceram vergeten")
	files = setOf("attachment attachments attached file files pdf link links document documents url page quote offer " +
		"proposal estimate quotation mail email anhang anhänge anlage anlagen datei dateien dokument verknüpfung " +
		"angebot offerte kostenvoranschlag pièce pièces fichier fichiers lien liens devis offre proposition adjunto " +
		"adjuntos archivo archivos fichero ficheros enlace enlaces documento documentos presupuesto oferta propuesta " +
		"correo allegato allegati documenti preventivo offerta collegamento anexo anexos ficheiro ficheiros arquivo " +
		"arquivos ligação orçamento proposta bijlage bijlagen bijlages bestand bestanden voorstel aanbieding mailtje")
	// what is forgotten by who sends something
	sent = setOf("attachment attachments attach attaching include enclose file files pdf link discount rebate anhang " +
		"anhänge anlage anlagen datei pdf link rabatt skonto nachlass anzuhängen beizufügen anhängen mitzuschicken " +
		"pièce pièces fichier joindre lien remise rabais adjunto adjuntar archivo fichero enlace descuento incluir " +
		"allegato allegati allegare sconto anexo anexar ficheiro arquivo desconto incluir bijlage bijlagen bijlages " +
		"bestand korting toevoegen bijvoegen bijsluiten")
	lacking = setOf("without ohne sans sin senza sem zonder")
	devices = setOf("phone iphone mobile tablet ipad smartphone handy telefon téléphone portable móvil celular " +
		"teléfono cellulare telefono telefonino telemóvel telefone telefoon mobiel")
	machines = setOf("server servers mailserver filter filters spamfilter spam firewall antivirus antispam gateway " +
		"it scanner virenscanner virenschutz system software " +
		"edv serveur messagerie antispam filtre sistema servidor cortafuegos filtro informática " +
		"informatica sistemas systeem ict virusscanner")
	outsiders = setOf("supplier supplier's suppliers vendor vendor's competitor competitor's manufacturer " +
		"manufacturer's lieferanten lieferant herstellers mitbewerbers wettbewerbers fournisseur concurrent " +
		"proveedor competidor fornitore concorrente fornecedor concorrente leverancier concurrent")
)
