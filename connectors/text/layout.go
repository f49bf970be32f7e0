package text

import "strings"

// What mail programs write around quoted text in the languages that they speak. All is folded: lower case without marks.

// originalMessage are the words of separators and of the line that opens a forwarded message.
var originalMessage = lines(`original message|original appointment|forwarded message|begin forwarded message|reply message|forwarded by|original text|message from
ursprungliche nachricht|original-nachricht|originalnachricht|weitergeleitete nachricht|anfang der weitergeleiteten nachricht|weitergeleitete e-mail
message d'origine|message original|message initial|e-mail d'origine|message transfere|message transmis|debut du message transfere|debut du message reexpedie|message reexpedie
mensaje original|mensaje reenviado|inicio del mensaje reenviado|forwarded
messaggio originale|messaggio inoltrato|inizio messaggio inoltrato
mensagem original|mensagem encaminhada|inicio da mensagem encaminhada|mensagem reencaminhada|inicio da mensagem reencaminhada
oorspronkelijk bericht|origineel bericht|doorgestuurd bericht|begin doorgestuurd bericht
ursprungligt meddelande|originalmeddelande|vidarebefordrat meddelande|vidarebefordrat brev|borjan pa vidarebefordrat brev|vidarebefordrat mejl
oprindelig meddelelse|videresendt meddelelse|start pa videresendt besked|opprinnelig melding|videresendt melding|videresendt e-post|alkuperainen viesti|valitetty viesti|edelleenlahetetty viesti
wiadomosc oryginalna|oryginalna wiadomosc|wiadomosc przekazana|przekazana wiadomosc|poczatek przekazywanej wiadomosci
puvodni zprava|preposlana zprava|исходное сообщение|пересылаемое сообщение|пересланное сообщение|orijinal mesaj|iletilen mesaj|eredeti uzenet|tovabbitott uzenet|mesaj original
原始邮件|原始信息|原郵件|原始郵件|转发的邮件|转发邮件|轉寄郵件|以下是转发的邮件|元のメッセージ|元のメール|転送されたメッセージ|転送メッセージ|転送メール|以下は、転送されたメッセージです|원본 메일|원본 메시지|전달된 메시지|전달된 메일|원본메일`)

func lines(list string) map[string]bool {
	m := map[string]bool{}
	for _, p := range strings.FieldsFunc(list, func(r rune) bool { return r == '|' || r == '\n' }) {
		m[fold(p)] = true
	}
	return m
}

// fields are the names of header fields as Outlook and Apple Mail show them.
var fields = func() map[string]fieldKind {
	m := map[string]fieldKind{}
	for kind, list := range map[fieldKind]string{
		fieldFrom:    "from|von|de|da|van|från|fra|lähettäjä|od|от|от кого|kimden|gönderen|feladó|de la|από|差出人|送信元|送信者|发件人|寄件者|寄件人|보낸 사람|보낸사람|발신|expéditeur|remitente|mittente|remetente|afzender|avsändare|nadawca|absender|מאת|من|จาก",
		fieldDate:    "sent|date|gesendet|datum|envoyé|envoyé le|date d'envoi|enviado|enviado el|enviada em|enviado em|enviada|fecha|inviato|data|verzonden|skickat|sendt|dato|lähetetty|päivämäärä|päiväys|wysłano|data wysłania|odesláno|отправлено|дата|gönderildi|gönderme tarihi|tarih|elküldve|dátum|trimis|送信日時|送信|日時|日付|发送时间|发送日期|日期|时间|寄件日期|傳送日期|보낸 날짜|보낸날짜|날짜|일시|נשלח|תאריך|gesendet am|sent on|creation date",
		fieldTo:      "to|an|à|a|para|aan|till|til|vastaanottaja|do|komu|кому|kime|alıcı|címzett|către|destinataire|destinatario|pour|宛先|收件人|收件者|받는 사람|받는사람|수신|naar|empfänger|אל",
		fieldSubject: "subject|betreff|objet|asunto|oggetto|assunto|onderwerp|ämne|emne|aihe|temat|předmět|тема|konu|tárgy|subiect|θέμα|件名|主题|主題|제목|נושא|re|betr",
		fieldCc:      "cc|kopie|copie|copia|cópia|kopia|kopi|dw|копия|bilgi|másolat|抄送|副本|참조|c.c.|antwort an|reply-to|responder a|répondre à|attachments|anlagen|importance",
	} {
		for _, p := range strings.Split(list, "|") {
			m[fold(p)] = kind
		}
	}
	return m
}()

// writingVerbs are what the sentence above quoted text says its author did.
var writingVerbs = foldAll("wrote|writes|schrieb|geschrieben|schreibt|a écrit|écrit :|escribió|escribio|ha escrito|escribe:|ha scritto|scrive:|scrisse|escreveu|escreve:|schreef|geschreven|skrev|skriver|napisał|napisal|pisze|kirjoitti|napsal|píše|написал|пишет|yazdı|írta|ezt írta|a scris|έγραψε|写道|寫道|のメール|は書きました|さんは次のように書きました|が書きました|님이 작성|작성:|님이 쓴|כתב")

// attributionOpeners are first words of that sentence that hold no digit themselves, where it is wrapped early.
var attributionOpeners = setOf("on am le el il em a op den dnia w на tarihinde 在 na no dne")

func foldAll(list string) []string {
	var out []string
	for _, p := range strings.Split(list, "|") {
		out = append(out, fold(p))
	}
	return out
}

// byFirstByte is the list by the first byte of what is in it, so that most lines are held against nothing.
func byFirstByte(list string) map[byte][]string {
	out := map[byte][]string{}
	for _, p := range foldAll(list) {
		out[p[0]] = append(out[p[0]], p)
	}
	return out
}
