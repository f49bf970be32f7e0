package app

// openFiles is how many files, connections among them, this process may have open: there is no such bound.
func openFiles() int { return 1 << 20 }
