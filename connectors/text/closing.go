package text

import "strings"

// closingKind is what sort of formula closes a letter.
type closingKind uint8

const (
	notClosing    closingKind = iota
	thanksClosing             // "Thanks, Tom": says something as well
	strongClosing             // "Best regards": says nothing
)

// closing tells whether the line l is a closing formula, with or without a name behind it.
func closing(l string) closingKind {
	l = strings.Trim(l, " \t*_-\u2013\u2014,.!\u3002\uff0c\uff01~\uff5e")
	if l == "" || len(l) > 90 || strings.HasSuffix(l, "?") {
		return notClosing
	}
	f := fold(l)
	for _, p := range closings[firstByte(f)] {
		if !strings.HasPrefix(f, p.begins) {
			continue
		}
		rest := f[len(p.begins):]
		if rest == "" {
			return p.kind
		}
		if c := rest[0]; 'a' <= c && c <= 'z' || digit(c) || c == '\'' {
			continue
		}
		rest = strings.TrimLeft(rest, " ,.!/-&;")
		words := strings.Fields(rest)
		switch {
		case p.kind == thanksClosing && len(words) <= 3 && strongIn(rest):
			return strongClosing
		case p.kind == strongClosing && !p.short && len(words) <= 5:
			return strongClosing
		case len(words) <= 2 && nameLine(strings.TrimLeft(tailOf(l, len(words)), ",.!/- ")):
			return p.kind
		}
	}
	return notClosing
}

// tailOf returns the last n words of l.
func tailOf(l string, n int) string {
	words := strings.Fields(l)
	return strings.Join(words[max(0, len(words)-n):], " ")
}

func strongIn(rest string) bool {
	for _, w := range []string{"regards", "gru", "wishes", "cordial", "saludos", "saluti", "groet", "halsning"} {
		if strings.Contains(rest, w) {
			return true
		}
	}
	return false
}

// signed reports whether what follows line i can be a signature under a closing formula of that kind.
func signed(seg []string, i int, c closingKind) bool {
	next := nextText(seg, i)
	if next == len(seg) {
		return true
	}
	l := strings.TrimSpace(seg[next])
	if c == thanksClosing {
		last := nextText(seg, next+1) == len(seg)
		f := fold(l)
		lone := last && len(strings.Fields(f)) == 1 && len(f) <= 16 && f[0] >= 'a'
		return (nameLine(l) || lone) && !plainWord[strings.Trim(f, ".,!")] || closing(l) == strongClosing ||
			delimiter(l) || sentFrom(f)
	}
	return len(l) <= 90 && len(strings.Fields(l)) <= 12 && !strings.HasSuffix(l, "?")
}

// closingPhrase is how a closing formula begins, folded. short ones stand alone or before a name only: they begin
// sentences too.
type closingPhrase struct {
	begins string
	kind   closingKind
	short  bool
}

// closings by the first byte of the phrase.
var closings = func() map[byte][]closingPhrase {
	m := map[byte][]closingPhrase{}
	for _, group := range []struct {
		kind  closingKind
		short bool
		list  string
	}{
		{strongClosing, false, `best regards|kind regards|warm regards|warmest regards|many regards|with best regards|with kind regards|yours sincerely|sincerely yours|yours faithfully|yours truly|best wishes|all the best|with best wishes|respectfully yours|kindest regards|with regards|have a great day and best regards
mit freundlichen grussen|mit freundlichen gruessen|mit freundlichem gruss|freundliche grusse|freundliche gruesse|freundlichen gruss|viele grusse|viele gruesse|beste grusse|beste gruesse|besten gruss|liebe grusse|liebe gruesse|lieben gruss|schone grusse|schonen gruss|herzliche grusse|herzliche gruesse|mit besten grussen|mit besten gruessen|mit herzlichen grussen|mit vielen grussen|sonnige grusse|grusse aus|gruss aus|hochachtungsvoll|freundlich grusst|es grusst
bien cordialement|cordialement|tres cordialement|bien a vous|bien a toi|salutations distinguees|sinceres salutations|meilleures salutations|avec mes salutations|veuillez agreer|je vous prie d'agreer|nous vous prions d'agreer|sincerement votre|amicalement|amities|recevez mes
saludos cordiales|un cordial saludo|cordiales saludos|un saludo|muchos saludos|saludos|atentamente|le saluda atentamente|reciba un cordial saludo|un abrazo|quedo a su disposicion
cordiali saluti|distinti saluti|un cordiale saluto|cordialmente|i migliori saluti|un caro saluto|tanti saluti|saluti
atenciosamente|com os melhores cumprimentos|melhores cumprimentos|cumprimentos|cordiais saudacoes|abracos|um abraco|um grande abraco|grande abraco|att
met vriendelijke groet|met vriendelijke groeten|met hartelijke groet|vriendelijke groet|hartelijke groet|hartelijke groeten|groeten|met groet|mvg
med vanlig halsning|med vanliga halsningar|vanliga halsningar|basta halsningar|vanligen|med venlig hilsen|venlig hilsen|med vennlig hilsen|vennlig hilsen|de bedste hilsner|ystavallisin terveisin|terveisin
z powazaniem|pozdrawiam serdecznie|pozdrawiam|serdecznie pozdrawiam|z wyrazami szacunku|lacze pozdrowienia|pozdrowienia|s pozdravem|s pratelskym pozdravem|с уважением|с наилучшими пожеланиями|saygilarimla|iyi calismalar|udvozlettel|cu stima|με εκτιμηση
よろしくお願いします|よろしくお願いいたします|よろしくお願い致します|宜しくお願いします|宜しくお願いいたします|宜しくお願い致します|どうぞよろしくお願いします|どうぞよろしくお願いいたします|どうぞ宜しくお願い致します|以上、よろしくお願いいたします|何卒よろしくお願い申し上げます|何卒宜しくお願い申し上げます|敬具
此致敬礼|此致|敬礼|顺祝商祺|祝商祺|祝好|祝工作顺利|順頌商祺|敬上|감사합니다 드림|안녕히 계세요`},
		{
			strongClosing, true,
			`regards|best|cheers|yours|warmly|sincerely|respectfully|br|rgds|kr|greetings|take care|gruss|grusse|gruesse|lg|vg|mfg|bg|beste|gruss und dank|cdlt|cdt|bien vous|bises|salutations|slds|sds|abs|abraco|gr|groet|groetjes|halsningar|hilsen|mvh|vh|halsn|pozdr|hej da|ystavallisin`,
		},
		{
			thanksClosing, false,
			`thanks in advance|thank you in advance|many thanks in advance|vielen dank im voraus|danke im voraus|merci d'avance|merci par avance|gracias de antemano|grazie in anticipo|grazie anticipatamente|obrigado desde ja|alvast bedankt|tack pa forhand|z gory dziekuje`,
		},
		{
			thanksClosing, true,
			`thanks|thank you|many thanks|thx|thanks a lot|thanks so much|thank you very much|thanks again|danke|vielen dank|danke schon|danke dir|danke euch|besten dank|herzlichen dank|dank und gruss|danke und gruss|danke und viele grusse|vielen dank und viele grusse|merci|merci beaucoup|gracias|muchas gracias|mil gracias|grazie|grazie mille|molte grazie|obrigado|obrigada|muito obrigado|muito obrigada|bedankt|dank u|dank je|hartelijk dank|veel dank|tack|tack sa mycket|tak|takk|kiitos|dziekuje|dzieki|have a great day|have a good day|have a nice day|have a lovely day|schonen tag|schonen tag noch|schonen abend|schones wochenende|bonne journee|bonne soiree|bonne fin de journee|bon week-end|buena tarde|buen dia|buen fin de semana|que tenga un buen dia|buona giornata|buona serata|buon lavoro|buon weekend|bom fim de semana|boa semana|bom trabalho|fijne dag|fijne dag nog|prettige dag|fijn weekend|fijne avond`,
		},
	} {
		for _, line := range strings.Split(group.list, "\n") {
			for _, p := range strings.Split(line, "|") {
				f := fold(strings.TrimSpace(p))
				m[f[0]] = append(m[f[0]], closingPhrase{f, group.kind, group.short})
			}
		}
	}
	return m
}()

func firstByte(s string) byte {
	if s == "" {
		return 0
	}
	return s[0]
}

// plainWord are words that stand alone on a line as an answer; they are no names.
var plainWord = setOf(`yes no ok okay sure maybe later thanks agreed fine done great perfect deal correct ja nein gut gerne danke vielleicht passt einverstanden perfekt prima super
oui non merci bien parfait entendu si sí gracias vale claro bueno perfecto grazie bene certo perfetto sim não obrigado nee goed prima akkoord nej bra tak nie dobrze
monday tuesday wednesday thursday friday saturday sunday today tomorrow montag dienstag mittwoch donnerstag freitag samstag sonntag morgen heute lundi mardi mercredi jeudi vendredi demain
lunes martes miércoles jueves viernes mañana lunedi martedi mercoledi giovedi venerdi domani segunda terça quarta quinta sexta amanhã maandag dinsdag woensdag donderdag vrijdag
january february march april may june july august september october november december januar februar märz mai juni juli oktober dezember
two three four five six seven eight nine ten zwei drei vier fünf none both all neither anytime never beide keine nie immer`)
