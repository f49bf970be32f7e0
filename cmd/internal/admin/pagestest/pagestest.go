// Package pagestest fills an answer of the admin API so that every value in it can be told from every other: what a
// page or a command leaves out of an answer is found by it.
package pagestest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Mark is one value of an answer, and the ways in which people may read it.
type Mark struct {
	Path  string // as in JSON: contacts.name
	Forms []string
}

// Fill fills an answer but for some paths in it: lists and maps have one element, and every yes or no says yes, or no.
func Fill[A any](yes bool, but ...string) (a A, marks []Mark) {
	f := filler{yes: yes, but: but}
	f.fill(reflect.ValueOf(&a).Elem(), "")
	return a, f.marks
}

// Missing are the paths of those marks that none of the texts has, but for those of except and what is below them.
func Missing(marks []Mark, texts []string, except ...string) (paths []string) {
	for _, m := range marks {
		shown := slices.ContainsFunc(texts, func(text string) bool {
			return slices.ContainsFunc(m.Forms, func(form string) bool { return strings.Contains(text, form) })
		})
		excused := slices.ContainsFunc(except, func(path string) bool {
			return m.Path == path || strings.HasPrefix(m.Path, path+".")
		})
		if !shown && !excused && !slices.Contains(paths, m.Path) {
			paths = append(paths, m.Path)
		}
	}
	return paths
}

type filler struct {
	yes   bool
	but   []string
	n     int
	marks []Mark
}

// begin is where numbers begin, so that none of them is one that a page has anyway.
const begin = 211

func (f *filler) mark(path string, forms ...string) {
	f.marks = append(f.marks, Mark{strings.TrimPrefix(path, "."), forms})
}

var (
	millis  = reflect.TypeFor[crm.Millis]()
	instant = reflect.TypeFor[time.Time]()
	lasting = reflect.TypeFor[time.Duration]()
)

func (f *filler) fill(v reflect.Value, path string) {
	if slices.Contains(f.but, strings.TrimPrefix(path, ".")) {
		return
	}
	f.n++
	n := begin + f.n
	if f.time(v, path, n) {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("w%dw", n))
		f.mark(path, v.String())
	case reflect.Bool:
		v.SetBool(f.yes)
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Int8:
		v.SetInt(int64(f.number(n, path, v.Kind())))
	case reflect.Uint64, reflect.Uint32, reflect.Uint:
		v.SetUint(uint64(n))
		f.mark(path, fmt.Sprint(n))
	case reflect.Float64:
		v.SetFloat(float64(n) + .5)
		f.mark(path, fmt.Sprint(float64(n)+.5))
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		}
		for i := range v.Len() {
			f.fill(v.Index(i), path)
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		f.fill(key, path)
		f.fill(value, path)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), path)
	case reflect.Struct:
		f.fields(v, path)
	}
}

// time fills what is an instant or a time, and reports whether it is one.
func (f *filler) time(v reflect.Value, path string, n int) bool {
	day := time.Date(2020, 1, 1, 10, 0, 0, 0, time.UTC).AddDate(0, 0, 3*n)
	days := []string{day.Format("2 Jan 2006"), day.Format(time.DateOnly), day.Format("2 Jan 15:04")}
	switch v.Type() {
	case millis:
		v.SetInt(int64(crm.At(day)))
	case instant:
		v.Set(reflect.ValueOf(day))
	case lasting:
		v.SetInt(int64(time.Duration(n) * time.Hour))
		days = []string{fmt.Sprintf("%dh", n)}
	default:
		return false
	}
	f.mark(path, days...)
	return true
}

// number is a number for a path: amounts are in minor units.
func (f *filler) number(n int, path string, kind reflect.Kind) int {
	if kind == reflect.Int8 {
		return 1
	}
	f.mark(path, fmt.Sprint(n))
	if strings.Contains(path, "amount") {
		return 100 * n
	}
	return n
}

func (f *filler) fields(v reflect.Value, path string) {
	for i := range v.NumField() {
		t := v.Type().Field(i)
		name, _, _ := strings.Cut(t.Tag.Get("json"), ",")
		switch {
		case t.Anonymous && name == "":
			f.fill(v.Field(i), path)
		case !t.IsExported() || name == "-":
		case name == "":
			f.fill(v.Field(i), path+"."+t.Name)
		default:
			f.fill(v.Field(i), path+"."+name)
		}
	}
}
