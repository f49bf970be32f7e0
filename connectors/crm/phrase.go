package crm

// Phrase is something to be said, in no language yet: a message of the catalogue by its key, and what fills the
// placeholders of its text.
type Phrase struct {
	Key  string `cbor:"1,keyasint"`
	Args []Arg  `cbor:"2,keyasint,omitempty"`
}

// Arg fills one placeholder: with a number, a word or days. The days are those of whom they concern, so that no zone is
// needed to write them.
type Arg struct {
	Name  string `cbor:"1,keyasint"`
	N     int    `cbor:"2,keyasint,omitempty"`
	Word  string `cbor:"3,keyasint,omitempty"`
	Days  []int  `cbor:"4,keyasint,omitempty"` // since 1970-01-01, the earliest first
	Years bool   `cbor:"5,keyasint,omitempty"` // one of them is so far away that their year is said too
}
