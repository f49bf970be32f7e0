package rules

// Test helpers for the stories, which are read by a package that imports this one.
var (
	Adds     = adds
	Shuffled = shuffled
)
