package text

import "strings"

// What mail programs, companies and lists put below a text in the languages that they speak. All is folded.

// sentFrom reports whether the folded line begins with the advertisement of a device or program. A sentence that begins
// like one, but names no device and goes on, is theirs.
func sentFrom(f string) bool {
	f = strings.TrimLeft(f, " -_*<([.")
	return advert(strings.TrimSpace(f[:sentenceLength(f)]))
}

// behindAdvert is what stands in a line behind the advertisement of a device or program with which it begins, and
// behind excuses for typing errors: an answer, or nothing.
func behindAdvert(l string) string {
	l = l[sentenceLength(l):]
	for l != "" {
		n := sentenceLength(l)
		if !containsAny(fold(l[:n]), excuses) {
			break
		}
		l = l[n:]
	}
	return l
}

// sentenceLength is the length of the first sentence of s.
func sentenceLength(s string) int {
	for i := 0; i+1 < len(s); i++ {
		if (s[i] == '.' || s[i] == '!') && s[i+1] == ' ' {
			return i + 2
		}
	}
	return len(s)
}

// advert reports whether the folded sentence f advertises a device or program.
func advert(f string) bool {
	if len(f) > 120 || f == "" {
		return false
	}
	for _, p := range sentFroms[f[0]] {
		if rest, ok := strings.CutPrefix(f, p); ok && (!strings.HasSuffix(p, " ") || device(rest)) {
			return true
		}
	}
	if len(f) >= 80 {
		return false
	}
	end := strings.TrimRight(f, ". 。")
	for _, p := range sentFromEnds {
		if strings.HasSuffix(end, p) {
			return f[0] >= 0x80 || device(f)
		}
	}
	return false
}

// device reports whether s, behind "sent from", names a device or program: one that is known, or a name alone.
func device(s string) bool {
	words := strings.Fields(s)
	named := len(words) <= 2
	for i, w := range words {
		named = named || i < 7 && (hasDigit(w) || deviceWords[strings.Trim(w, " .,;!()<>'-")])
	}
	return named && (len(words) <= 8 || containsAny(s, excuses))
}

var deviceWords = setOf(`iphone ipad ipod android samsung galaxy huawei xiaomi oneplus pixel nokia sony xperia motorola htc blackberry windows outlook mail gmail yahoo
aol proton protonmail spark gmx web.de t-online icloud mac macbook smartphone phone mobile mobil handy telefon telefono telephone movil celular cellulare tablet tablette
app bluemail airmail thunderbird superhuman mobiltelefon puhelin apple device gerat appareil dispositivo surface fairphone portable telefoon mobiel telefonu iphone'a ipada mobila`)

// excuses are what people add to such a line.
var excuses = foldAll("excuse|forgive|pardon|typo|brevity|autocorrect|spelling|tippfehler|entschuld|verzeih|kürze|" +
	"fautes|disculp|scusa|desculp|typfout|excuus|ursäkta|literówk")

var sentFroms = byFirst(`sent from my |sent from mail for|sent from outlook|sent from yahoo|sent from aol|sent from proton|sent from samsung|sent from gmail|sent from the |sent from android|sent with proton|sent with spark|sent via |sent by my |sent using |sent with airmail|get outlook for|get bluemail for|typed on my phone|please excuse brevity|please excuse typos|please excuse any typos
von meinem |gesendet von |gesendet mit |gesendet aus |gesendet via |holen sie sich outlook|outlook fur ios beziehen|outlook fur android beziehen|outlook fur ios|outlook fur android|diese nachricht wurde von meinem
envoye de mon |envoye depuis |envoye de ma |envoye a partir |envoye avec |envoye par |envoye via 
obtenez outlook|obtenir outlook|telecharger outlook|provenance : courrier
enviado desde |enviado con |enviado mediante|enviado via |enviado por mi 
obtener outlook|obten outlook|descargar outlook
inviato da |inviato dal |inviato con |inviato tramite |inviata da |inviata dal |scarica outlook|ottieni outlook
enviado do meu |enviado do |enviado a partir |enviado pelo 
enviada pelo |enviado com |enviado de |enviada do |obter o outlook|obtenha o outlook|baixe o outlook
verstuurd vanaf |verzonden vanaf |verzonden met |verzonden vanuit |verstuurd met |verstuurd via |verzonden via |outlook voor ios|outlook voor android|outlook downloaden|download outlook voor
skickat fran |skickades fran |hamta outlook|skaffa outlook|sendt fra |hent outlook|lahetetty
wyslane z |wyslano z |wyslane przy|pobierz outlook|pobierz aplikacje outlook|odeslano z|отправлено с |отправлено из |iphone'umdan|kuldve
发自我的|從我的|从我的|发自|來自我的|获取 outlook|iphoneから送信|ipadから送信|androidから送信|私のiphone|outlook for ios を入手|나의 iphone에서|내 iphone에서|내 ipad에서|iphone에서 보냄|ios용 outlook`)

var sentFromEnds = foldAll("から送信|から送信されました|에서 보냄|에서 보냈습니다|에서 보낸 메일|を入手|gesendet|발송됨")

func byFirst(list string) map[byte][]string {
	m := map[byte][]string{}
	for _, line := range strings.Split(list, "\n") {
		for _, p := range strings.Split(line, "|") {
			f := fold(p)
			m[f[0]] = append(m[f[0]], f)
		}
	}
	return m
}

// legalNotice reports whether a paragraph that begins with the folded line f is about confidentiality, liability or
// paper.
func legalNotice(f string) bool {
	for _, p := range legalAlone {
		if strings.HasPrefix(f, p) {
			return true
		}
	}
	for _, p := range legalOpeners[firstByte(f)] {
		if strings.HasPrefix(f, p) {
			return legalWord(f)
		}
	}
	return false
}

func legalWord(f string) bool {
	for _, w := range legalWords {
		if strings.Contains(f, w) {
			return true
		}
	}
	return false
}

var legalAlone = foldAll("confidentiality notice|confidentiality note|confidential:|disclaimer|legal notice|" +
	"legal disclaimer|privileged and confidential|privileged & confidential|important notice:|" +
	"vertraulichkeitshinweis|rechtlicher hinweis|haftungsausschluss|hinweis: diese e-mail|avis de confidentialité|" +
	"clause de confidentialité|avertissement :|aviso legal|aviso de confidencialidad|aviso de confidencialidade|" +
	"cláusula de confidencialidad|avviso di riservatezza|avvertenza|nota di riservatezza|klauzula poufności|" +
	"zastrzeżenie|please consider the environment|think before you print|think green|bitte denken sie an die umwelt|" +
	"bitte prüfen sie, ob diese|denken sie an die umwelt|pensez à l'environnement|pensez a l'environnement|" +
	"n'imprimez ce|antes de imprimir|prima di stampare|denk aan het milieu|tänk på miljön|pomyśl o środowisku|" +
	"virus-free|virenfrei|libre de virus|sans virus|avast|this email has been scanned|this email has been checked|" +
	"免责声明|保密声明|【免责声明】|【機密情報】|この電子メールに|본 메일에")

var legalOpeners = byFirst("this e-mail|this email|this message|this communication|this transmission|" +
	"the information contained|the information in this|the contents of this|the content of this|" +
	"in accordance with|pursuant to|en cumplimiento|de conformidad con|ai sensi|conformement a|nos termos|" +
	"gemass|in overeenstemming met|information contained in|if you are not the|if you have received this|any views|any unauthorised|" +
	"any unauthorized|dies ist eine vertrauliche|diese e-mail|diese mail|diese nachricht|der inhalt dieser|" +
	"die information|informationen in dieser|ce message|ce courriel|ce mail|cet e-mail|cet email|ce courrier|" +
	"les informations contenues|le contenu de ce|si vous n'etes pas|este mensaje|este correo|este e-mail|este email|" +
	"esta mensagem|esta mensaje|la informacion contenida|la informacion incluida|as informacoes contidas|" +
	"a informacao contida|si usted no es|se voce nao|questo messaggio|questa e-mail|questa email|la presente e-mail|" +
	"il contenuto|le informazioni contenute|il presente messaggio|dit bericht|deze e-mail|dit e-mailbericht|" +
	"de informatie|de inhoud van|detta meddelande|detta e-post|det har meddelandet|denne e-mail|denne e-post|" +
	"innehallet i|niniejsza wiadomosc|niniejszy e-mail|ta wiadomosc|tresc tej|informacje zawarte|この電子メール|このメール|本メール|" +
	"本電子メール|本邮件|此邮件|此電子郵件|本電子郵件|이 이메일|이 메일|본 이메일|본 메일|본 전자우편")

var legalWords = foldAll("rgpd|gdpr|dsgvo|2016/679|" +
	"confidential|privileged|intended|recipient|addressee|unauthori|vertraulich|empfänger|" +
	"adressat|bestimmt|confidentiel|destinataire|confidencial|destinatario|destinatário|riservat|destinat|" +
	"vertrouwelijk|geadresseerde|bestemd|konfidentiell|mottagare|avsedd|fortrolig|poufn|adresat|機密|秘密|受信者|宛先|机密|保密|" +
	"收件人|기밀|비밀|수신인|수신자")

// banner reports whether the folded line is a warning that a receiving system puts above mail from outside.
func banner(f string) bool {
	for _, p := range banners {
		if strings.HasPrefix(f, p) {
			return true
		}
	}
	return false
}

var banners = foldAll("caution: this email|caution: external|caution:external|caution! this|[external]|" +
	"external email|external sender|external:|this email originated from outside|" +
	"this message originated from outside|warning: this email originated|warning: external|" +
	"you don't often get email from|you don’t often get email from|some people who received this message don't often|" +
	"achtung: externe|achtung: diese e-mail|externe e-mail|diese e-mail stammt von außerhalb|diese e-mail kommt von|" +
	"sie erhalten nicht häufig|sie erhalten nicht oft|attention : ce mail|attention: ce mail|attention : cet e-mail|" +
	"mail externe|vous n'obtenez pas souvent|vous ne recevez pas souvent|no suele recibir correo|" +
	"este correo proviene de fuera|correo externo|email esterna|questa email proviene|e-mail extern|" +
	"u ontvangt niet vaak|let op: deze e-mail")

// listFooter reports whether the folded line begins what mailing lists and senders of newsletters put below.
func listFooter(f string) bool {
	if len(f) > 200 {
		return false
	}
	f = strings.TrimLeft(f, "-_*<([| >")
	for _, p := range listFooters[firstByte(f)] {
		if rest, ok := strings.CutPrefix(f, p); ok {
			word, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
			return !pronouns[word] && word != "bitte" && word != "please" && !questioned(rest) // they ask us
		}
	}
	return false
}

// questioned reports whether a sentence of s asks something, as a footer's never does behind its first words.
func questioned(s string) bool {
	at := strings.IndexByte(s, '?')
	return at >= 0 && (at+1 == len(s) || s[at+1] == ' ') && strings.Count(s[:at], " ") >= 3
}

var listFooters = byFirst(`you received this message because you are subscribed|you are receiving this|you're receiving this|you received this email because|to unsubscribe from|to unsubscribe|to stop receiving our |to opt out of our |you can unsubscribe from our |to stop receiving emails from this|unsubscribe from this|unsubscribe |unsubscribe|click here to unsubscribe|if you no longer wish to receive|if you'd like me to stop|if you don't want to hear from|if you prefer not to receive|not interested? unsubscribe|manage your preferences|manage preferences|update your preferences|view in browser|mailing list |this email was sent to|this message was sent to
sie erhalten diese e-mail, weil|sie erhalten diesen newsletter|um sich abzumelden|abmelden|newsletter abbestellen|hier abmelden|vom newsletter abmelden|wenn sie keine weiteren e-mails|diese e-mail wurde an
se desabonner|se desinscrire|vous recevez cet e-mail|vous recevez ce message|pour vous desabonner|pour vous desinscrire|si vous ne souhaitez plus recevoir|desinscription|cliquez ici pour vous des
darse de baja|cancelar suscripcion|cancelar la suscripcion|para darse de baja|ha recibido este|recibe este correo|si no desea recibir mas|si no desea seguir recibiendo
annulla iscrizione|disiscriviti|per cancellarsi|per annullare l'iscrizione|ricevi questa e-mail|hai ricevuto questa|se non desideri piu ricevere|cancella iscrizione
cancelar inscricao|cancelar a subscricao|descadastrar|para cancelar|voce recebeu este|voce esta recebendo|se nao deseja receber mais
afmelden|uitschrijven|u ontvangt deze e-mail|je ontvangt deze|om u af te melden|wilt u geen e-mails meer
avregistrera|avsluta prenumeration|du far detta mejl|avprenumerera|afmeld|meld av|peruuta tilaus|wypisz sie|aby zrezygnowac|zrezygnuj z|odhlasit|отписаться|вы получили это письмо|退订|取消订阅|如不想再收到|配信停止|購読解除|수신거부|수신 거부`)
