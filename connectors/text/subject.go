package text

import "strings"

// subject is a subject line taken apart.
type subject struct {
	rest    string // without list tags and prefixes
	folded  string // rest as it is compared
	reply   bool
	forward bool
	tag     string // the first tag in brackets, folded: some programs say there that a machine answers
}

// replyPrefixes are what mail programs put before the subject of an answer, folded, in en de fr es it pt nl sv da no fi
// pl cs ru tr hu ro el he zh ja ko. Source: Wikipedia, "List of email subject abbreviations".
var replyPrefixes = setOf("re aw antw antwort sv vs svar ref res rif r odp ynt va vá bls atb ad απ σχετ השב 回复 回覆 答复 " +
	"答覆 返信 답장 回信 odpowiedz rep")

var forwardPrefixes = setOf("fw fwd wg tr rv enc i doorst vb vl videresend pd ilt továbbítás tovabbitas i fs transf " +
	"redir 转发 轉寄 転送 전달 weitergeleitet reenv")

func setOf(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[fold(w)] = true
	}
	return m
}

// maxSubject is how much of a subject is looked at, in bytes; longer ones are not written by people.
const maxSubject = 998

// readSubject takes list tags in brackets and prefixes off the beginning of s, as many as there are.
func readSubject(s string) subject {
	if len(s) > maxSubject {
		s = s[:maxSubject]
	}
	out := subject{rest: strings.TrimSpace(strings.ToValidUTF8(s, ""))}
	for range 20 {
		if tag := tagLength(out.rest); tag > 0 {
			if out.tag == "" {
				out.tag = fold(out.rest[1 : tag-1])
			}
			out.rest = strings.TrimSpace(out.rest[tag:])
			continue
		}
		i, n := colon(out.rest)
		if i <= 0 || i > 24 {
			break
		}
		word := strings.TrimSpace(fold(out.rest[:i]))
		word = strings.TrimRight(word, "[]()0123456789^ ") // Re[2]:
		switch {
		case replyPrefixes[word]:
			out.reply = true
		case forwardPrefixes[word]:
			out.forward = true
		default:
			i = -1
		}
		if i < 0 {
			break
		}
		out.rest = strings.TrimSpace(out.rest[i+n:])
	}
	out.folded = fold(out.rest)
	return out
}

// tagLength is the length of a tag like [sales-list] or (EXTERNAL) at the beginning of s.
func tagLength(s string) int {
	if s == "" || s[0] != '[' && s[0] != '(' {
		return 0
	}
	i := strings.IndexAny(s, "])")
	if i < 0 || i > 40 {
		return 0
	}
	return i + 1
}

// colon finds the first colon of s, narrow or wide, and its length in bytes.
func colon(s string) (at, n int) {
	i, j := strings.IndexByte(s, ':'), strings.Index(s, "\uff1a")
	if j >= 0 && (i < 0 || j < i) {
		return j, 3
	}
	return i, 1
}
