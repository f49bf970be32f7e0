package text

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"net/url"
	"slices"
	"strings"
)

// sum is a keyed hash of data. kind keeps hashes of different things apart. It is never 0, which stands for none.
func (r *Reader) sum(kind byte, data []byte) uint64 {
	h := r.macs.Get().(hash.Hash) // making one takes longer than hashing a short message
	defer r.macs.Put(h)
	var out [sha256.Size]byte
	h.Write([]byte{kind})
	h.Write(data)
	h.Sum(out[:0])
	h.Reset()
	return max(binary.BigEndian.Uint64(out[:]), 1)
}

// key is the hash of the words of the body; 0 for none. It does not depend on case, marks on letters, punctuation,
// white space and a salutation on a line of its own.
func (r *Reader) key(m *message) uint64 {
	if m.first >= m.tailFrom {
		return 0
	}
	to := len(m.folded)
	if m.tailFrom < len(m.sentences) {
		to = m.sentences[m.tailFrom].folded
	}
	return r.sum('t', m.folded[m.sentences[m.first].folded:to])
}

// LinkHash is the keyed hash of one link. Scheme, the case of the host, a fragment, a slash at the end and parameters
// that only track the reader make no difference; 0 for an empty link.
func (r *Reader) LinkHash(link string) uint64 {
	link = strings.TrimSpace(link)
	if link == "" {
		return 0
	}
	return r.sum('l', []byte(plainLink(link)))
}

func plainLink(link string) string {
	raw := link
	if !strings.Contains(raw, "://") {
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil {
		return link
	}
	q := u.Query()
	for name := range q {
		if n := strings.ToLower(name); strings.HasPrefix(n, "utm_") || strings.HasPrefix(n, "_hs") ||
			n == "hsctatracking" || n == "gclid" || n == "fbclid" || n == "mc_eid" {
			q.Del(name)
		}
	}
	out := strings.ToLower(u.Host) + strings.TrimRight(u.EscapedPath(), "/")
	if len(q) > 0 {
		out += "?" + q.Encode()
	}
	return out
}

// maxLinks is how many links of one message are looked at: more are no letter.
const maxLinks = 500

// OnHosts is a match for LinkHashes: links to some hosts and what is below them; without hosts, every link.
func OnHosts(hosts []string) func(link string) bool {
	if len(hosts) == 0 {
		return nil
	}
	return func(link string) bool {
		u, err := url.Parse(link)
		if err != nil {
			return false
		}
		host := strings.ToLower(u.Hostname())
		return slices.ContainsFunc(hosts, func(h string) bool {
			h = strings.ToLower(strings.TrimSpace(h))
			return h != "" && (host == h || strings.HasSuffix(host, "."+h))
		})
	}
}

// LinkHashes returns the hash of each link that match accepts, each once, in the order of their appearance. A nil match
// accepts all. The links of html count, or those of body where there is no html; links in quoted text do not, because
// an answer below an old quote sends nothing again.
func (r *Reader) LinkHashes(body, html string, match func(url string) bool) []uint64 {
	plain := body
	if strings.TrimSpace(html) != "" {
		plain = plainOf(html, true)
	}
	p := split(bounded(plain), false, nil)
	if p.below {
		return nil
	}
	var out []uint64
	seen := map[string]bool{}
	for _, part := range []string{p.body, p.tail} {
		for _, link := range links(part, maxLinks-len(seen)) {
			if seen[link] || match != nil && !match(link) {
				continue
			}
			seen[link] = true
			out = append(out, r.LinkHash(link))
		}
	}
	return dedupe(out)
}

func dedupe(hs []uint64) []uint64 {
	out := hs[:0]
	seen := map[uint64]bool{}
	for _, h := range hs {
		if !seen[h] {
			seen[h] = true
			out = append(out, h)
		}
	}
	return out
}

// links returns up to n links with a scheme in text.
func links(text string, n int) []string {
	var out []string
	for at := 0; len(out) < n; {
		i := strings.Index(text[at:], "://")
		if i < 0 {
			break
		}
		i += at
		at = i + 3
		scheme := "http"
		if strings.HasSuffix(strings.ToLower(text[max(0, i-5):i]), "https") {
			scheme = "https"
		} else if !strings.HasSuffix(strings.ToLower(text[max(0, i-4):i]), "http") {
			continue
		}
		if end := linkEnd(text, at); end > at {
			out = append(out, text[i-len(scheme):end])
			at = end
		}
	}
	return out
}
