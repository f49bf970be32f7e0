package api

import (
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Values are a request as a query or a form: each field that is not zero, under its name in JSON.
func Values(request any) url.Values {
	form := url.Values{}
	v := reflect.ValueOf(request)
	for name, field := range fields(v) {
		if field.IsZero() {
			continue
		}
		switch x := field.Interface().(type) {
		case []string:
			form[name] = x
		case time.Time:
			form.Set(name, x.Format(time.RFC3339))
		case bool:
			form.Set(name, "yes")
		default:
			form.Set(name, fmt.Sprint(x))
		}
	}
	return form
}

// Read fills request, a pointer to a struct, from a query or a form. Names that it does not have are not looked at.
func Read(form url.Values, request any) error {
	for name, field := range fields(reflect.ValueOf(request).Elem()) {
		given := form.Get(name)
		if given == "" {
			continue
		}
		switch x := field.Addr().Interface().(type) {
		case *[]string:
			*x = form[name]
		case *time.Time:
			at, err := time.Parse(time.RFC3339, given)
			if err != nil {
				return fmt.Errorf("%s: want an instant in RFC 3339", name)
			}
			*x = at
		case *bool:
			*x = given != "no" && given != "false" && given != "0"
		case *uint64:
			n, err := strconv.ParseUint(given, 10, 64)
			if err != nil {
				return fmt.Errorf("%s: %q is no number", name, given)
			}
			*x = n
		case *int:
			n, err := strconv.Atoi(given)
			if err != nil {
				return fmt.Errorf("%s: %q is no number", name, given)
			}
			*x = n
		default:
			field.SetString(given)
		}
	}
	return nil
}

// fields are those of a struct by their names in JSON, those of embedded structs among them.
func fields(v reflect.Value) map[string]reflect.Value {
	all := map[string]reflect.Value{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			for name, field := range fields(v.Field(i)) {
				all[name] = field
			}
			continue
		}
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "-" {
			all[name] = v.Field(i)
		}
	}
	return all
}
