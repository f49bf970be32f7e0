package signals

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Traits are the words by which a setting would score a person for what they are, in the languages in which CRMs are
// kept. They are whole words of a property's name. Names of companies are no traits.
var Traits = wordSet(`
	gender sex sexual age birth birthday birthdate dob nationality citizenship ethnicity ethnic race racial religion religious faith health
	disability disabled illness pregnant pregnancy marital married children orientation political politics union language accent firstname
	lastname surname fullname salutation photo skin military genetic biometric
	alter geschlecht geburtstag geburtsdatum rasse ethnie glaube konfession gesundheit krankheit schwanger kinder sprache muttersprache anrede
	vorname nachname familienname familienstand verheiratet gewerkschaft herkunftsland
	sexe genre age naissance anniversaire nationalite citoyennete croyance sante handicap enceinte enfants langue civilite
	prenom marie syndicat
	sexo genero edad nacimiento cumpleanos nacionalidad ciudadania raza etnia salud discapacidad embarazo hijos idioma apellido apellidos
	casado sindicato
	sesso genere eta nascita compleanno nazionalita cittadinanza razza salute disabilita gravidanza figli lingua cognome sposato sindacato
	idade nascimento nacionalidade cidadania raca saude deficiencia gravidez filhos lingua sobrenome apelido
	geslacht leeftijd geboorte geboortedatum verjaardag nationaliteit ras geloof godsdienst gezondheid zwanger kinderen taal voornaam
	achternaam gehuwd
	kon alder fodelsedag nationalitet halsa sprak fornamn efternamn gift barn
	plec wiek narodowosc wyznanie zdrowie imie nazwisko dzieci jezyk
	пол возраст национальность религия здоровье имя фамилия язык
`)

// stems are traits wherever they stand in a word: birthplace, Geschlechtskennung, contactgender.
var stems = strings.Fields(`gender sexual ethnic ethnisch etniczn religi birth maiden marital pregnan disabilit disabled firstname lastname
	surname familyname givenname
	geschlecht geburt schwanger behinder familienstand staatsangeh nationalit konfession vorname nachname muttersprach krankheit
	naissance prenom nacimiento nacionalid apellido discapac estadocivil nascita nazionalit cognome nascimento sobrenome
	geslacht geboorte voornaam achternaam nationaliteit fodelse urodzeni narodowos рожден национальн религи
	性別 年齢 生年月日 国籍 宗教 人種 障害 婚姻 氏名 性别 年龄 生日 出生 民族 种族 残疾 姓名 성별 나이 연령 생년월일 국적 종교 인종 장애 결혼 성명`)

// firstOf are the words that make a name that of a person: first name, maiden name.
var firstOf = strings.Fields("first last full given family middle maiden christian sur")

// names are the words for a name. Alone it is that of a person.
var names = strings.Fields("name nom nombre nome naam namn")

// pairs are traits that take two words.
var pairs = [][2]string{
	{"civil", "status"},
	{"estado", "civil"},
	{"stato", "civile"},
	{"etat", "civil"},
	{"burgerlijke", "staat"},
	{"mother", "tongue"},
	{"native", "speaker"},
}

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// RefuseTrait reports an error where a property says what a person is rather than what they do.
func RefuseTrait(property string) error {
	words := parts(property)
	for i, w := range words {
		before := ""
		if i > 0 {
			before = words[i-1]
		}
		name := slices.Contains(names, w) && (len(words) == 1 || slices.Contains(firstOf, before))
		pair := slices.Contains(pairs, [2]string{before, w})
		if Traits[w] || name || pair || slices.ContainsFunc(stems, func(stem string) bool {
			return strings.Contains(w, stem)
		}) {
			return fmt.Errorf("%q is a personal trait: people are rated by what they do, so choose a property of the "+
				"company or of the deal", w)
		}
	}
	return nil
}

// parts are the words of a property's name, in small letters and without accents: contactGender, maiden_name, Prénom.
func parts(property string) []string {
	var spaced strings.Builder
	small := false
	for _, r := range property {
		switch {
		case unicode.IsUpper(r) && small:
			spaced.WriteByte(' ')
			spaced.WriteRune(unicode.ToLower(r))
		case unicode.IsLetter(r):
			spaced.WriteRune(unicode.ToLower(r))
		default:
			spaced.WriteByte(' ')
		}
		small = unicode.IsLower(r)
	}
	return strings.Fields(plain.Replace(spaced.String()))
}

// plain takes the accents off.
var plain = strings.NewReplacer("ä", "a", "à", "a", "á", "a", "â", "a", "ã", "a", "å", "a", "é", "e", "è", "e", "ê",
	"e", "ë", "e", "ę", "e",
	"í", "i", "ì", "i", "î", "i", "ï", "i", "ö", "o", "ó", "o", "ò", "o", "ô", "o", "õ", "o", "ø", "o", "ü", "u", "ú",
	"u", "ù", "u", "û", "u",
	"ç", "c", "ć", "c", "ñ", "n", "ń", "n", "ś", "s", "ł", "l", "ż", "z", "ź", "z", "ą", "a", "ß", "ss")
