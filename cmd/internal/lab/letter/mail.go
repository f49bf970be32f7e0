package letter

import (
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"

	"golang.org/x/net/html/charset"
)

// words decodes headers such as =?iso-8859-1?Q?Anfrage?=.
var words = mime.WordDecoder{CharsetReader: charset.NewReaderLabel}

// maxParts is how deep parts may stand in parts.
const maxParts = 10

// parseMail reads one mail as mail programs save it (.eml). Of several forms of its text it takes the plain one and
// HTML beside it; attachments and attached mails are left out.
func parseMail(r io.Reader) (Letter, error) {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return Letter{}, fmt.Errorf("neither a mail nor JSON lines: %w", err)
	}
	l := Letter{ID: strings.Trim(m.Header.Get("Message-Id"), "<> "), Headers: Headers{}}
	for name, values := range m.Header {
		l.Headers[name] = values
	}
	l.Subject = decoded(m.Header.Get("Subject"))
	l.From = decoded(m.Header.Get("From"))
	for _, to := range m.Header["To"] {
		l.To = append(l.To, decoded(to))
	}
	if at, err := m.Header.Date(); err == nil {
		l.At = at
	}
	return l, l.part(textproto.MIMEHeader(m.Header), m.Body, 0)
}

func decoded(header string) string {
	if plain, err := words.DecodeHeader(header); err == nil {
		return plain
	}
	return header
}

// part adds what one part says to the letter.
func (l *Letter) part(h textproto.MIMEHeader, body io.Reader, depth int) error {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		kind, params = "text/plain", nil
	}
	if file, _, _ := mime.ParseMediaType(h.Get("Content-Disposition")); file == "attachment" {
		return nil
	}
	switch strings.ToLower(h.Get("Content-Transfer-Encoding")) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	if strings.HasPrefix(kind, "multipart/") && depth < maxParts {
		return l.parts(multipart.NewReader(body, params["boundary"]), depth+1)
	}
	var into *string
	switch kind {
	case "text/plain":
		into = &l.Body
	case "text/html":
		into = &l.HTML
	default:
		return nil
	}
	if name := params["charset"]; name != "" {
		if r, err := charset.NewReaderLabel(name, body); err == nil {
			body = r
		}
	}
	b, err := io.ReadAll(body)
	if *into != "" && len(b) > 0 {
		*into += "\n"
	}
	*into += string(b)
	return err
}

func (l *Letter) parts(parts *multipart.Reader, depth int) error {
	for {
		p, err := parts.NextRawPart()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("a part of the mail: %w", err)
		}
		if err := l.part(p.Header, p, depth); err != nil {
			return err
		}
	}
}
