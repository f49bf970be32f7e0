package queue

// The streams, as Room, Oldest and Stats name them. CONTACTS is several streams to the server and one here.
const (
	Deliveries  = "DELIVERIES"
	Fetches     = "FETCHES"
	Facts       = "FACTS"
	Contacts    = "CONTACTS"
	DeadLetters = "DEADLETTERS"
	Leases      = "LEASES"
)
