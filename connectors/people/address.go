package people

import "strings"

// Address is a mail address in the form in which two spellings of one mailbox are equal: in lower case, without a name,
// angle brackets and a +tag, and as Google reads it where it is Google's. It is empty for what is no address.
func Address(s string) string {
	if i := strings.LastIndexByte(s, '<'); i >= 0 {
		s, _, _ = strings.Cut(s[i+1:], ">")
	}
	s = strings.ToLower(strings.TrimSpace(s))
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || at == len(s)-1 || strings.ContainsAny(s, " \t\r\n,;") {
		return ""
	}
	local, domain := s[:at], strings.TrimSuffix(s[at+1:], ".")
	if tag := strings.IndexByte(local, '+'); tag > 0 {
		local = local[:tag]
	}
	if domain == "googlemail.com" {
		domain = "gmail.com"
	}
	if domain == "gmail.com" {
		local = strings.ReplaceAll(local, ".", "")
	}
	return local + "@" + domain
}

// Addresses are the addresses in a list that CRMs keep as one text, divided by semicolons, commas or spaces.
func Addresses(list string) []string {
	var out []string
	for word := range strings.FieldsFuncSeq(list, func(r rune) bool {
		return r == ';' || r == ',' || r == ' ' || r == '\n'
	}) {
		if a := Address(word); a != "" {
			out = append(out, a)
		}
	}
	return out
}

// Domain is what follows the @ of an address.
func Domain(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// within reports whether one domain is the other or lies below it: mail.example.com and example.com are one company's.
func within(a, b string) bool {
	return a == b || strings.HasSuffix(a, "."+b) || strings.HasSuffix(b, "."+a)
}

// FreeMail reports whether anybody can have an address at a domain, so that two people there have nothing to do with
// each other.
func FreeMail(domain string) bool {
	if freeDomains[domain] {
		return true
	}
	brand, rest, _ := strings.Cut(domain, ".")
	return freeBrands[brand] && strings.Count(rest, ".") <= 1 && len(rest) <= len("com.au")
}

// freeBrands are providers with a domain in each country.
var freeBrands = listed(`gmail googlemail hotmail outlook live msn yahoo ymail rocketmail icloud aol gmx yandex protonmail terra zoho`)

// freeDomains are the other large providers of mail for anybody, among them those that come with a telephone line.
var freeDomains = listed(`
	mail.com email.com me.com mac.com proton.me pm.me fastmail.com fastmail.fm hey.com hushmail.com inbox.com tutanota.com tuta.io duck.com
	web.de t-online.de freenet.de arcor.de posteo.de mailbox.org online.de vodafone.de o2online.de kabelmail.de aon.at chello.at a1.net
	bluewin.ch hispeed.ch sunrise.ch orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr bbox.fr numericable.fr
	libero.it virgilio.it tiscali.it alice.it tin.it fastwebnet.it inwind.it telefonica.net ono.com sapo.pt
	telenet.be skynet.be proximus.be ziggo.nl kpnmail.nl home.nl planet.nl hetnet.nl xs4all.nl quicknet.nl casema.nl upcmail.nl
	btinternet.com sky.com virginmedia.com ntlworld.com talktalk.net blueyonder.co.uk tiscali.co.uk eircom.net
	telia.com bredband.net comhem.se spray.se online.no broadpark.no mail.dk jubii.dk elisanet.fi kolumbus.fi
	wp.pl o2.pl onet.pl onet.eu interia.pl op.pl poczta.fm gazeta.pl seznam.cz centrum.cz email.cz post.cz azet.sk freemail.hu citromail.hu abv.bg
	mail.ru bk.ru list.ru inbox.ru rambler.ru ukr.net i.ua inbox.lv mail.ee
	comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net optonline.net frontier.com windstream.net
	rogers.com shaw.ca sympatico.ca telus.net videotron.ca bigpond.com bigpond.net.au optusnet.com.au iinet.net.au xtra.co.nz
	uol.com.br bol.com.br ig.com.br globo.com rediffmail.com sify.com mweb.co.za telkomsa.net
	qq.com foxmail.com 163.com 126.com 139.com sina.com sina.cn sohu.com aliyun.com yeah.net 21cn.com hinet.net pchome.com.tw
	naver.com hanmail.net daum.net nate.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp i.softbank.jp nifty.com biglobe.ne.jp ocn.ne.jp
`)

func listed(words string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		out[w] = true
	}
	return out
}
