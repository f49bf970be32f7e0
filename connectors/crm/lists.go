package crm

import "slices"

// Unique are names or ids in their order, each once and none of them empty. The list itself stays as it is.
func Unique(list []string) []string {
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(s string) bool { return s == "" })
}
