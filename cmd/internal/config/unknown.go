package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// refuseUnknown reports the names that nothing reads: a misspelt setting would otherwise be a setting that does
// nothing. An empty value is none, whatever its name.
func (l *loader) refuseUnknown() {
	if l.failed[prefix+"_SOURCES"] {
		return // without the sources nobody can say which names are theirs
	}
	known := slices.Sorted(maps.Keys(l.known))
	for _, name := range slices.Sorted(maps.Keys(l.env)) {
		if l.env[name] == "" || l.known[name] || l.known[strings.TrimSuffix(name, fileSuffix)] {
			continue
		}
		hint := didYouMean(strings.TrimSuffix(name, fileSuffix), known)
		if source, ok := l.missingSource(name); ok {
			hint = fmt.Sprintf("; %s_SOURCES names no source %q", prefix, source)
		}
		l.problems = append(l.problems, problem(name, "there is no such setting%s; correct or remove it", hint))
	}
}

// missingSource reports whether name belongs to a vendor of whom there is no source under the vendor's own name.
func (l *loader) missingSource(name string) (source string, ok bool) {
	for _, vendor := range vendorNames() {
		begin := crm.Source{Name: vendor}.Variable("")
		if strings.HasPrefix(name, begin) && !slices.Contains(l.prefixes, begin) {
			return vendor, true
		}
	}
	return "", false
}

// didYouMean names the candidate nearest to word, unless even that one is far.
func didYouMean(word string, candidates []string) string {
	best, least := "", 1+len(word)/4
	for _, c := range candidates {
		if d := distance(word, c); d <= least && (best == "" || d < distance(word, best)) {
			best = c
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// distance is how many letters must be inserted, deleted, replaced or swapped with their neighbour to turn a into b.
func distance(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replaced := last[j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			row[j] = min(replaced, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
