package text

import "strings"

// What mail programs write around quoted text in the languages that they speak. All is folded: lower case without
// marks.

// originalMessage are the words of separators; forwardedMessage are those above what somebody passes on, which is
// another's message.
var (
	originalMessage = lines(`original message|original appointment|original mail|original email|replied message|reply message|previous message
reply message|original text|message from|ursprungliche nachricht|original-nachricht|originalnachricht
message d'origine|message original|message initial|e-mail d'origine|mensaje original|messaggio originale
mensagem original|oorspronkelijk bericht|origineel bericht|ursprungligt meddelande|originalmeddelande
oprindelig meddelelse|opprinnelig melding|alkuperainen viesti|wiadomosc oryginalna|oryginalna wiadomosc
puvodni zprava|исходное сообщение|orijinal mesaj|eredeti uzenet|mesaj original|原始邮件|原始信息|原郵件|原始郵件|元のメッセージ|元のメール
원본 메일|원본 메시지|원본메일|回复的原邮件|回复的邮件|原邮件|原始邮件内容|الرسالة الأصلية|رسالة أصلية|הודעה מקורית|αρχικό μήνυμα|повідомлення
исходное письмо|tin nhắn gốc|pesan asli`)

	forwardedMessage = lines(`forwarded message|begin forwarded message|forwarded by|weitergeleitete nachricht
anfang der weitergeleiteten nachricht|weitergeleitete e-mail|message transfere|message transmis
debut du message transfere|debut du message reexpedie|message reexpedie|mensaje reenviado
inicio del mensaje reenviado|forwarded|messaggio inoltrato|inizio messaggio inoltrato|mensagem encaminhada
inicio da mensagem encaminhada|mensagem reencaminhada|inicio da mensagem reencaminhada|doorgestuurd bericht
begin doorgestuurd bericht|vidarebefordrat meddelande|vidarebefordrat brev|borjan pa vidarebefordrat brev
vidarebefordrat mejl|videresendt meddelelse|start pa videresendt besked|videresendt melding|videresendt e-post
valitetty viesti|edelleenlahetetty viesti|wiadomosc przekazana|przekazana wiadomosc
poczatek przekazywanej wiadomosci|preposlana zprava|пересылаемое сообщение|пересланное сообщение|iletilen mesaj
tovabbitott uzenet|转发的邮件|转发邮件|轉寄郵件|以下是转发的邮件|転送されたメッセージ|転送メッセージ|転送メール|以下は、転送されたメッセージです|전달된 메시지|전달된 메일
الرسالة المعاد توجيهها|הודעה שהועברה`)
)

func lines(list string) map[string]bool {
	m := map[string]bool{}
	for _, p := range strings.FieldsFunc(list, func(r rune) bool { return r == '|' || r == '\n' }) {
		m[fold(p)] = true
	}
	return m
}

// fields are the names of header fields as mail programs show them above a message that is answered.
var fields = func() map[string]fieldKind {
	m := map[string]fieldKind{}
	for kind, list := range map[fieldKind]string{
		fieldFrom: "from|von|de|da|van|från|fra|lähettäjä|od|от|от кого|kimden|gönderen|feladó|de la|από|差出人|送信元|" +
			"送信者|发件人|寄件者|寄件人|보낸 사람|보낸사람|발신|expéditeur|remitente|mittente|remetente|afzender|avsändare|nadawca|" +
			"absender|מאת|من|المرسل|จาก|sender|від|từ|dari",
		fieldSent: "sent|gesendet|envoyé|envoyé le|date d'envoi|enviado|enviado el|enviada em|enviado em|enviada|" +
			"inviato|verzonden|skickat|sendt|lähetetty|wysłano|data wysłania|odesláno|отправлено|gönderildi|" +
			"gönderme tarihi|elküldve|trimis|送信日時|送信|发送时间|发送日期|寄件日期|傳送日期|보낸 날짜|보낸날짜|נשלח|تاريخ الإرسال|أرسلت|" +
			"gesendet am|sent on|надіслано|đã gửi|dikirim",
		fieldDate: "date|datum|fecha|data|dato|päivämäärä|päiväys|дата|tarih|dátum|日時|日付|日期|时间|날짜|일시|תאריך|" +
			"التاريخ|creation date",
		fieldTo: "to|an|à|a|para|aan|till|til|vastaanottaja|do|komu|кому|kime|alıcı|címzett|către|destinataire|" +
			"destinatario|destinatário|pour|宛先|收件人|收件者|받는 사람|받는사람|수신|naar|empfänger|אל|إلى|receiver|recipient|" +
			"mottagare|modtager|mottaker",
		fieldSubject: "subject|betreff|objet|asunto|oggetto|assunto|onderwerp|ämne|emne|aihe|temat|předmět|тема|konu|" +
			"tárgy|subiect|θέμα|件名|主题|主題|제목|נושא|الموضوع|re|betr|subjek|chủ đề",
		fieldCc: "cc|bcc|kopie|copie|copia|cópia|kopia|kopi|dw|копия|bilgi|másolat|抄送|副本|참조|نسخة|c.c.|" +
			"antwort an|reply-to|responder a|répondre à|attachments|anlagen|importance",
	} {
		for _, p := range strings.Split(list, "|") {
			m[fold(p)] = kind
		}
	}
	return m
}()

// verbs are what the sentence above quoted text says its author did, as single words; joinedVerbs stand in scripts
// without spaces or in sentences that end in them.
var (
	verbs = setOf("wrote writes said napisana napisane schrieb geschrieben schreibt écrit écrivait escribió " +
		"escribe escrito scritto scrive scrisse escreveu escreve escrito schreef geschreven skrev skriver napisał " +
		"napisała napisal napsal napsala pisze kirjoitti píše napísal написал написала пишет написав yazdı írta " +
		"scris έγραψε כתב כתבה كتب ecrit menulis viết")
	joinedVerbs = foldAll("写道|寫道|のメール|書きました|작성|님이 쓴|님의 글|כתב|كتب|كتابة|έγραψε")
)

// quotingWords begin the line that Horde and others put above quoted text, before the name of its author.
var quotingWords = setOf("quoting zitat zitiere citando citát citat cytat citation citerar citeren citaat citazione " +
	"selon цитирование цитирую alıntı idézet 引用 引用自")

// openers are first words of an attribution, before its date.
var openers = setOf("on am le el il em op den w dnia dne в on- în na 在 في a de")

// byWords stand before the address of an author.
var byWords = setOf("by von par por da door av af od przez от de di")

// headerWords are small words that programs write into an attribution.
var headerWords = setOf("on am le el il em op den w dnia dniu dne o v в at um uhr à às as alle ore kl klo om o godz " +
	"las los la de da di do der die by von par por av af od przez от via " +
	"et gmt utc cet cest est edt pst pdt mst mdt cst cdt bst ist met mez mesz pm p.m a.m p m h hs đã hrs ha hat has " +
	"have heeft har có г ora orele giorno időpont date message in the tarihinde şunu odesílatel uživatel użytkownik " +
	"użytkownika dne " +
	"st nd rd th er eh lúc ngày vào tháng năm pukul alt following folgendes lo the ke")

// pronouns are words by which people speak of themselves and of each other. Those that are also a word of a header are
// left out.
var pronouns = setOf("you we i he she they us our your me my wir ich ihr ihnen uns mir mich vous nous je elle votre " +
	"notre nosotros usted ustedes yo nos noi lei io voi você vocês nós eu wij jij ik nosso мы вы нам biz siz")

// dateWords are the names of months and days.
var dateWords = func() map[string]bool {
	m := setOf("mon tue tues wed thu thur thurs fri sat sun pon pon wto czw pią sob nie nd giorno dniu lun mar mer " +
		"gio ven sab dom jeu sam dim lu ma mi je ve sa di mo do fr so mié jue vie sáb dom seg ter qua qui sex ma wo " +
		"vr za zo tis ons tor fre lör sön man tir lør søn pn wt śr czw pt sob ndz niedz " +
		"út st čt pá pa po ne ti ke to pe la su pzt sal çar per cum cmt paz пн вт ср чт пт сб вс lunedì sze hé cs " +
		"szo helmik tammik maalisk huhtik toukok kesäk heinäk elok syysk lokak marrask jouluk " +
		"mrt févr janv avr juil août déc ene abr ago dic set gen mag giu lug ott fev abr mai out dez gru lut kwi cze " +
		"lip sie wrz paź lis led úno bře dub kvě čvn srp zář říj pro oca şub nis haz tem ağu eyl eki kas ara янв фев " +
		"февр мар апр июн июл авг сен сент окт ноя дек")
	data, err := lexiconFiles.ReadFile("lexicon/dates.txt")
	if err != nil {
		panic(err) // embedded: cannot be absent
	}
	for line := range strings.Lines(string(data)) {
		name, words, _ := strings.Cut(line, " ")
		if len(name) < 3 || name[0] != '@' || !strings.ContainsAny(name[1:2], "wmd") || !digit(name[2]) {
			continue
		}
		for w := range strings.FieldsSeq(words) {
			m[fold(strings.TrimSuffix(w, "*"))] = true
		}
	}
	return m
}()

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

// What help desks write above a mail that they send, so that they find the answer: "please type your reply above this
// line".
var (
	lineWords    = setOf("line linie zeile línea ligne riga linea linha lijn regel linjen linje linii")
	lineWordList = foldAll("line|linie|zeile|línea|ligne|riga|linea|linha|lijn|regel|linje|linii|lini|行|線|줄|строк|" +
		"čar|السطر|الخط|satır|viiva|çizgi")
	aboveWords = foldAll("above|oberhalb|über d|encima|arriba|au-dessus|au dessus|sopra|acima|boven|ovanför|" +
		"over denne|ovenfor|powyżej|nad t|上|위|выше|yukarı|üst|yläpuolel|فوق|أعلى")
	replyWords = foldAll("reply|type|write|respon|answer|antwort|schreib|répon|ecri|écri|escrib|rispo|scriv|escrev|" +
		"antwoord|typ|svar|skriv|odpow|回复|回覆|返信|記入|답장|회신|ответ|пишите|odpov|yanıt|yaz|vasta|kirjoit|الرد|ردك|اكتب")
)
