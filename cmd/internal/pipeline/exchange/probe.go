package exchange

// byTurns makes a call for each part, and for the smaller parts that a call asks to be split into. It takes them in
// turns: were all failing parts tried in a row, the CRM would look unavailable.
func byTurns[T any](parts [][]T, call func([]T) [][]T) {
	for ; len(parts) > 0; parts = parts[1:] {
		parts = append(parts, call(parts[0])...)
	}
}

// halves splits what failed together: one item may be at fault, and the half without it works.
func halves[T any](batch []T) [][]T {
	half := len(batch) / 2
	return [][]T{batch[:half], batch[half:]}
}

// judge is disposal, but where it is unclear whether the CRM fails for one record or for all of their type, it tests:
// probe makes a call for another record and reports whether the CRM answered.
func (t *trials) judge(err error, what string, deliveries int, probe func() bool, records ...string) disposal {
	d := t.disposal(err, what, deliveries, records...)
	if !d.doubt || !probe() {
		return d
	}
	t.works(what)
	return t.disposal(err, what, deliveries, records...)
}
