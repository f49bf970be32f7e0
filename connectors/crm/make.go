package crm

// The facts and notices that connectors of all vendors make in the same way.

// Profiled is the fact that a person's own record was read. Every connector gives it with the record's properties. That
// it was read once does not change, so all versions are the same.
func Profiled(person string) *Fact {
	return &Fact{
		Contact: person, ID: "property/" + PropProfiled, Version: 1, Kind: KindProperty, At: 1,
		Property: &Property{Name: PropProfiled, Value: "true"},
	}
}

// PropertyOf is the fact that a person has a property, as of version (ms).
func PropertyOf(person string, p Property, version int64) *Fact {
	return &Fact{
		Contact: person, ID: "property/" + p.Name, Version: version, Kind: KindProperty, At: Millis(version),
		Property: &p,
	}
}

// Present is the fact that a person is in the CRM, as of version (ms): made there, or restored.
func Present(person string, version int64) *Fact { return existence(person, Existence{}, version) }

// Deleted is the fact that a person is in the CRM no longer, as of version (ms).
func Deleted(person string, version int64) *Fact {
	return existence(person, Existence{Deleted: true}, version)
}

func existence(person string, e Existence, version int64) *Fact {
	return &Fact{
		Contact: person, ID: "existence", Version: version, Kind: KindExistence, At: Millis(version), Existence: &e,
	}
}

// Merged tells both sides of a merge, or of the conversion of a lead, which is a merge across kinds: the loser where it
// went, and the winner from whom facts will come.
func Merged(winner, loser string, version int64) []Notice {
	fact := func(person, id string, m Merge) Notice {
		return Notice{
			Fact: &Fact{Contact: person, ID: id, Version: version, Kind: KindMerge, At: Millis(version), Merge: &m},
		}
	}
	return []Notice{
		fact(loser, "merge", Merge{Into: winner}),
		fact(winner, "merge/"+loser, Merge{From: []string{loser}}),
	}
}

// Removed is the notice that a record of a type is in the CRM no longer, as of version (ms).
func Removed(typ, id string, version int64) Notice {
	return Notice{Removed: &Removal{ID: typ + "/" + id, Version: version}}
}
