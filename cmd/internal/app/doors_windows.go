package app

// connectionBound is how many connections the webhooks may have at once; files are not counted there.
func connectionBound() int { return mostConnections }
