package text

import (
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// subjectPhrase is how the subject of a message begins that no person wrote, folded.
type subjectPhrase struct {
	begins string
	// loose phrases occur in people's subjects as well ("Out of office space in Ghent"): a colon, a dash or one of the
	// words that follow them in such notes must come after.
	loose bool
	whole bool // it is the whole subject
}

// subjectPhrases are what Exchange, Outlook, Gmail, Lotus Notes, Postfix, Exim and their kin put first in their own
// languages, and what people name their notes of absence.
var subjectPhrases = map[crm.Class][]subjectPhrase{
	crm.AutoReply: phrases(`automatic reply|auto:|auto$|auto reply|auto-reply|autoreply|auto response|auto-response|automated reply|automated response|automatic response|autoresponse
		automatische antwort|autom. antwort|automatische ruckmeldung|automatische nachricht|automatische eingangsbestatigung|eingangsbestatigung|autoantwort
		reponse automatique|reponse auto|accuse de reception automatique
		respuesta automatica|contestacion automatica|resposta automatica
		risposta automatica|automatisch antwoord|automatische antwoord|automatisch bericht
		autosvar|automatiskt svar|automatisk svar|automaattinen vastaus|automaattivastaus
		automatyczna odpowiedz|odpowiedz automatyczna|autoodpowiedz|automaticka odpoved|automaticka odpovede
		автоответ|автоматический ответ|автоматична відповідь
		otomatik yanıt|otomatik cevap|automatikus valasz|raspuns automat|αυτοματη απαντηση|tra loi tu dong|balasan otomatis
		自动回复|自動回覆|自動答复|自動返信|自動応答|자동 회신|자동회신|자동 응답|자동응답|מענה אוטומטי|תשובה אוטומטית|رد تلقائي|การตอบกลับอัตโนมัติ|ตอบกลับอัตโนมัติ`, false),
	crm.OutOfOffice: append(phrases(`out of office reply|out of office autoreply|out-of-office|out of office auto-reply|out of the office reply|ooo reply|away from my mail
		abwesenheitsnotiz|abwesenheitsnachricht|abwesenheitsmeldung|abwesenheitsassistent|abwesenheitsbenachrichtigung|abwesenheit:
		notification d'absence|message d'absence|absence du bureau|absent du bureau|reponse automatique d'absence|je suis absent
		fuera de la oficina|fuera de oficina|ausente de la oficina|mensaje de ausencia|estoy fuera de la oficina|ausencia de la oficina
		fora do escritorio|fora de escritorio|ausencia temporaria|ausente do escritorio|estou fora do escritorio
		fuori ufficio|assenza dall'ufficio|fuori sede|assente dall'ufficio|messaggio di assenza
		afwezigheidsbericht|afwezigheidsassistent|niet aanwezig|buiten kantoor|afwezig:|afwezigheid
		franvaro:|franvaromeddelande|franvarobesked|franvarande|ej pa kontoret|inte pa kontoret|fravaersmelding|fravaersbesked|ikke pa kontoret|fravaer:|ute av kontoret
		poissaoloilmoitus|en ole paikalla|poissa toimistosta
		poza biurem|nieobecnosc|jestem poza biurem|mimo kancelar|nepritomnost|nepritomen|вне офиса|нет на месте|отсутствую в офисе
		ofis disında|ofiste degilim|ofis dısında|hazon kivul|irodan kivul|tavollet|in afara biroului|absent de la birou|εκτος γραφειου
		不在のお知らせ|不在通知|不在連絡|外出通知|休假通知|부재중|부재 중`, false), phrases(`out of office|out of the office|ooo|i'm away|i am away|away|i'm out|travelling|traveling|on vacation|on holiday|on leave|on annual leave|annual leave|maternity leave|parental leave
		im urlaub|abwesend|elternzeit|en vacances|absent|absence|conge|de vacaciones|ausente|de ferias|ferias|in ferie|in vacanza|assente|met vakantie|afwezig|pa semester|semester|franvaro|fravaer|pa ferie|ferie|urlop|na urlopie|lomalla|loma|外出|不在|休暇|休假|出差|휴가`, true)...),
	crm.Bounce: phrases(`undeliverable|undelivered mail returned|undelivered mail|delivery status notification (failure)|delivery status notification|delivery failure|delivery has failed|mail delivery failed|mail delivery failure|mail delivery system|mail system error|returned mail|returned to sender|failure notice|message not delivered|could not be delivered|warning: could not send message|delivery delayed|warning: message
		unzustellbar|nicht zustellbar|mail konnte nicht zugestellt werden|nachricht konnte nicht zugestellt werden|zustellung fehlgeschlagen|ihre nachricht konnte nicht
		non remis|echec de la remise|non distribuable|message non distribue|echec de distribution|notification d'echec
		no se puede entregar|no entregado|error de entrega|mensaje no entregado|devuelto al remitente
		non recapitabile|mancato recapito|recapito non riuscito|messaggio non recapitato|impossibile recapitare
		nao e possivel entregar|nao foi possivel entregar|falha na entrega|mensagem nao entregue|nao entregue
		onbestelbaar|niet bezorgd|bezorging mislukt|kan niet worden bezorgd
		kan inte levereras|olevererbart|leveransfel|det gick inte att leverera|kan ikke leveres|kunne ikke leveres|uleverbart|toimitus epaonnistui|viestia ei voitu toimittaa
		niedostarczalne|nie mozna dostarczyc|nie dostarczono|zwrot wiadomosci|nedorucitelne|недоставлено|не доставлено|недоставленное сообщение|teslim edilemedi|kezbesithetetlen|nelivrabil
		无法送达|未送达|退信|系统退信|邮件发送失败|無法傳遞|配信不能|配信できません|送信エラー|배달되지 않음|반송|전달 실패`, false),
	crm.Receipt: phrases(`read:|read receipt|read receipt:|not read:|delivered:|relayed:|return receipt|disposition notification|delivery receipt
		gelesen:|ungelesen:|nicht gelesen:|zugestellt:|lesebestatigung|ubermittelt:|empfangsbestatigung (angezeigt)
		lu:|lu :|non lu:|non lu :|remis:|remis :|accuse de lecture|accuse de reception
		leido:|no leido:|entregado:|confirmacion de lectura|acuse de recibo
		letto:|non letto:|recapitato:|conferma di lettura|ricevuta di ritorno
		lida:|lido:|nao lida:|entregue:|confirmacao de leitura
		gelezen:|niet gelezen:|bezorgd:|leesbevestiging|last:|ej last:|levererat:|laskvitto|leveret:|lest:|luettu:
		przeczytano:|odczytano:|potwierdzenie odczytu|precteno:|прочтено:|прочитано:|доставлено:|okundu:|olvasott:|citit:
		已读:|已读：|已讀:|已送达:|既読:|開封済み:|開封済み：|開封確認|읽음:|읽음：|배달됨:`, false),
	crm.Calendar: phrases(`accepted:|declined:|tentative:|tentatively accepted:|invitation:|updated invitation:|updated invitation|canceled:|cancelled:|canceled event:|cancelled event:|new time proposed:|meeting forward notification:|rescheduled:|accepted invitation
		zugesagt:|abgesagt:|abgelehnt:|mit vorbehalt:|mit vorbehalt angenommen:|angenommen:|einladung:|aktualisierte einladung:|termin abgesagt:|neuer terminvorschlag:|mit vorbehalt zugesagt:
		accepte:|accepte :|refuse:|refuse :|provisoire:|provisoire :|decline:|decline :|annule:|annule :|invitation :|invitation mise a jour:|evenement annule
		aceptado:|aceptada:|rechazado:|rechazada:|provisional:|cancelado:|cancelada:|invitacion:|invitacion actualizada:
		accettato:|accettata:|rifiutato:|rifiutata:|provvisorio:|annullato:|annullata:|invito:|invito aggiornato:
		aceito:|aceite:|recusado:|recusada:|tentativo:|convite:|convite atualizado:
		geaccepteerd:|geweigerd:|afgewezen:|voorlopig:|voorlopig geaccepteerd:|geannuleerd:|uitnodiging:|bijgewerkte uitnodiging:
		accepterat:|avbojt:|avbojd:|preliminart:|installt:|inbjudan:|accepteret:|afslaet:|akseptert:|avslatt:|hyvaksytty:|hylatty:
		zaakceptowano:|zaakceptowane:|odrzucono:|odrzucone:|wstepnie:|odwolano:|anulowano:|zaproszenie:|prijato:|odmitnuto:|принято:|отклонено:|под вопросом:|kabul edildi:|reddedildi:
		已接受:|已接受：|已拒绝:|已拒绝：|暂定:|已取消:|邀请:|承諾:|承諾：|辞退:|辞退：|仮承諾:|承諾済み:|承諾済み：|辞退済み:|仮承諾済み:|キャンセル:|キャンセル済み:|수락:|수락됨:|거절:|거절됨:|미정:`, false),
}

func phrases(list string, loose bool) []subjectPhrase {
	var out []subjectPhrase
	for _, line := range strings.Split(list, "\n") {
		for _, p := range strings.Split(line, "|") {
			begins, whole := strings.CutSuffix(fold(strings.TrimSpace(p)), "$")
			out = append(out, subjectPhrase{begins: begins, loose: loose, whole: whole})
		}
	}
	return out
}

// classes in the order in which they are tried: what is said most plainly first.
var subjectClasses = []crm.Class{crm.OutOfOffice, crm.AutoReply, crm.Bounce, crm.Receipt, crm.Calendar}

// class is what the subject alone says. An answer to such a message has its subject too, behind a prefix, and is a
// person's.
func (s subject) class() crm.Class {
	if s.tag != "" {
		if c := (subject{folded: s.tag}).class(); c == crm.OutOfOffice || c == crm.AutoReply {
			return c
		}
	}
	if s.reply || s.forward {
		return crm.Human
	}
	for _, c := range subjectClasses {
		for _, p := range subjectPhrases[c] {
			if p.whole && s.folded == p.begins {
				return c
			}
			if !p.whole && strings.HasPrefix(s.folded, p.begins) && p.fits(s.folded[len(p.begins):]) {
				return c
			}
		}
	}
	return crm.Human
}

func (p subjectPhrase) fits(rest string) bool {
	if rest == "" || strings.HasSuffix(p.begins, ":") || strings.HasSuffix(p.begins, "\uff1a") {
		return true
	}
	if c := rest[0]; 'a' <= c && c <= 'z' || digit(c) || c == '\'' {
		return false // the beginning of a longer word
	}
	if !p.loose {
		return true
	}
	rest = strings.TrimLeft(rest, " ")
	if i, _ := colon(rest); i > 0 && replyPrefixes[rest[:i]] {
		return true // what is answered stands behind it
	}
	for _, next := range []string{
		":", "-", "\u2013", "\u2014", "|", "(", "[", "!", ".", ",", "/", "until ", "till ", "from ", "through ",
		"bis ", "vom ", "ab ", "jusqu", "du ", "hasta ", "del ", "fino ", "dal ", "ate ", "tot ", "van ", "t/m",
		"till och", "do ",
	} {
		if strings.HasPrefix(rest, next) {
			return true
		}
	}
	return rest == ""
}
