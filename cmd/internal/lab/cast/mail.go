package cast

import (
	"fmt"
	"strings"
	"time"
)

// style is how a mail program quotes what is answered.
type style int

const (
	gmail style = iota
	outlook
	apple
	phone
	outlookGerman
	gmailFrench
)

type person struct{ name, address string }

var ours = person{"Robin Vale", "robin.vale@winnow.example"}

const ourSign = "Best regards,\nRobin Vale\n\n--\nRobin Vale | Sales | Winnow & Sons Looms Ltd\n+44 20 7946 0958 | " +
	"https://winnow.example"

// mail is one mail as it was written.
type mail struct {
	at            time.Time
	subject, text string
	from, to      person
	style         style
	sign          string
}

// render is the text as a mail program sends it: the words, the signature, the mail that is answered, which holds no
// more than its own words.
func (m *mail) render(answered *mail) string {
	var b strings.Builder
	b.WriteString(m.text)
	if m.sign != "" {
		b.WriteString("\n\n" + m.sign)
	}
	if m.style == phone {
		b.WriteString("\n\nSent from my iPhone")
	}
	if answered == nil {
		return b.String()
	}
	b.WriteString("\n\n")
	b.WriteString(m.style.quote(answered))
	return b.String()
}

func (st style) quote(m *mail) string {
	who := fmt.Sprintf("%s <%s>", m.from.name, m.from.address)
	body := m.text + "\n\n" + m.sign
	switch st {
	case outlook:
		return fmt.Sprintf("From: %s\nSent: %s\nTo: %s <%s>\nSubject: %s\n\n%s", who,
			m.at.Format("Monday, January 2, 2006 3:04 PM"), m.to.name, m.to.address, m.subject, body)
	case outlookGerman:
		return fmt.Sprintf("Von: %s\nGesendet: %s\nAn: %s <%s>\nBetreff: %s\n\n%s", who, german(m.at), m.to.name,
			m.to.address, m.subject, body)
	case apple, phone:
		return fmt.Sprintf("On %s, %s wrote:\n\n%s", m.at.Format("2 Jan 2006, at 15:04"), who, marked(body))
	case gmailFrench:
		return fmt.Sprintf("Le %s, %s a écrit :\n\n%s", french(m.at), who, marked(body))
	default:
		return fmt.Sprintf("On %s %s wrote:\n\n%s", m.at.Format("Mon, Jan 2, 2006 at 3:04 PM"), who, marked(body))
	}
}

func marked(text string) string { return "> " + strings.ReplaceAll(text, "\n", "\n> ") }

func german(t time.Time) string {
	days := []string{"Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"}
	months := []string{
		"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
		"Dezember",
	}
	return fmt.Sprintf("%s, %d. %s %d %s", days[t.Weekday()], t.Day(), months[t.Month()-1], t.Year(), t.Format("15:04"))
}

func french(t time.Time) string {
	days := []string{"dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."}
	months := []string{
		"janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.",
	}
	return fmt.Sprintf("%s %d %s %d à %s", days[t.Weekday()], t.Day(), months[t.Month()-1], t.Year(), t.Format("15:04"))
}
