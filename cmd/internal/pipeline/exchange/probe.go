package exchange

// byTurns makes a call for each part, and for the parts into which a call asks to be divided. They go by turns: parts
// that work come between those that fail, or the CRM would be taken for away.
func byTurns[T any](parts [][]T, call func([]T) [][]T) {
	for ; len(parts) > 0; parts = parts[1:] {
		parts = append(parts, call(parts[0])...)
	}
}

// halves are the parts of what failed together: one of it may be at fault, and the half without it works.
func halves[T any](batch []T) [][]T {
	half := len(batch) / 2
	return [][]T{batch[:half], batch[half:]}
}

// judge is disposal, but where it is in doubt whether the CRM fails at one of the records or at all of their kind it
// asks: probe makes a call for another record and reports whether the CRM answered.
func (t *trials) judge(err error, what string, deliveries int, probe func() bool, records ...string) disposal {
	d := t.disposal(err, what, deliveries, records...)
	if !d.doubt || !probe() {
		return d
	}
	t.works(what)
	return t.disposal(err, what, deliveries, records...)
}
