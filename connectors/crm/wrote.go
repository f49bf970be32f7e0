package crm

// Wrote is what is remembered of one of our messages, so that a reply which quotes it is told from its writer's own
// words.
type Wrote struct {
	At    Millis
	Lines []uint64 // as in Message
}
