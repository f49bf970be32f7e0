package stored

import (
	methods "encoding"
	"encoding/binary"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
	"unsafe"

	"github.com/fxamacker/cbor/v2"
)

// A coder writes the values of one type, and reads them, as the CBOR library does in the deterministic form, byte for
// byte, but at a third of its cost: what the library finds out by reflection for each value is found out once for the
// type. What a coder does not know, in a type or in the bytes, it leaves to the library. So there is one format, and
// one word on what is wrong with bytes that are not in it. Values are reached by their address: hence unsafe.
type coder struct {
	typ    reflect.Type
	kind   reflect.Kind // Invalid: left to the library
	own    bool         // has methods for it, and is never empty
	size   uintptr
	elem   *coder  // of a slice or a pointer
	fields []field // of a struct, by key
	spare  bool    // each field is left out where it is empty, so that the whole may be empty
	whole  bool    // what is read of it is kept or let go as a whole
}

type field struct {
	*coder
	key    uint64
	head   string // the key as it is written
	offset uintptr
	omit   bool // where it is empty
}

var (
	coders    sync.Map // *coder by reflect.Type
	coding    sync.Mutex
	buffers   = sync.Pool{New: func() any { return new([]byte) }}
	valuesOf  = reflect.TypeFor[Values]()
	contactOf = reflect.TypeFor[Contact]()
	ownCoding = []reflect.Type{
		reflect.TypeFor[cbor.Marshaler](), reflect.TypeFor[cbor.Unmarshaler](),
		reflect.TypeFor[methods.BinaryMarshaler](), reflect.TypeFor[methods.BinaryUnmarshaler](),
	}
)

func coderOf[T any]() *coder {
	t := reflect.TypeFor[T]()
	if c, ok := coders.Load(t); ok {
		return c.(*coder)
	}
	coding.Lock()
	defer coding.Unlock()
	made := map[reflect.Type]*coder{}
	c := newCoder(t, made)
	for t, c := range made {
		coders.LoadOrStore(t, c)
	}
	return c
}

// newCoder makes the coder of a type. made are those that are made together, so that a type may hold itself.
func newCoder(t reflect.Type, made map[reflect.Type]*coder) *coder {
	if c, ok := made[t]; ok {
		return c
	}
	c := &coder{typ: t, size: t.Size(), whole: t == contactOf}
	made[t] = c
	if slices.ContainsFunc(ownCoding, func(own reflect.Type) bool {
		return t.Implements(own) || reflect.PointerTo(t).Implements(own)
	}) {
		c.own = true
		return c
	}
	switch k := t.Kind(); k {
	case reflect.Bool, reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		c.kind = k
	case reflect.Pointer, reflect.Slice:
		c.kind, c.elem = k, newCoder(t.Elem(), made)
	case reflect.Struct:
		if fields, ok := fieldsOf(t, made); ok {
			c.kind, c.fields = k, fields
			c.spare = !slices.ContainsFunc(fields, func(f field) bool { return !f.omit })
		}
	}
	return c
}

// fieldsOf are the fields of a struct that are stored; false where one is not marked as ours are, or the library
// alone knows when it is empty.
func fieldsOf(t reflect.Type, made map[reflect.Type]*coder) (fields []field, ok bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("cbor")
		if tag == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		key, err := strconv.ParseUint(name, 10, 16)
		if err != nil || f.Anonymous || options != "keyasint" && options != "keyasint,omitempty" {
			return nil, false
		}
		c, omit := newCoder(f.Type, made), options != "keyasint"
		if omit && c.kind == reflect.Invalid && !c.own && f.Type.Kind() != reflect.Map {
			return nil, false
		}
		fields = append(fields, field{c, key, string(cborHead(nil, cborUint, key)), f.Offset, omit})
	}
	slices.SortFunc(fields, func(a, b field) int { return int(a.key) - int(b.key) })
	return fields, true
}

// The types of CBOR. Source: RFC 8949, section 3.
const (
	cborUint  = 0 << 5
	cborInt   = 1 << 5
	cborBytes = 2 << 5
	cborText  = 3 << 5
	cborList  = 4 << 5
	cborMap   = 5 << 5
	cborFalse = 7<<5 | 20
	cborTrue  = 7<<5 | 21
	cborNull  = 7<<5 | 22
)

// cborHead appends a type with a number in the shortest form.
func cborHead(b []byte, typ byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(b, typ|byte(n))
	case n < 1<<8:
		return append(b, typ|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, typ|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, typ|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, typ|27), n)
}

// list is how a slice lies in memory.
type list struct {
	data     unsafe.Pointer
	len, cap int
}

// number is the value of a whole number; of one below zero all bits above are set.
func (c *coder) number(p unsafe.Pointer) uint64 {
	switch c.kind {
	case reflect.Int8:
		return uint64(*(*int8)(p))
	case reflect.Int16:
		return uint64(*(*int16)(p))
	case reflect.Int32:
		return uint64(*(*int32)(p))
	case reflect.Uint8:
		return uint64(*(*uint8)(p))
	case reflect.Uint16:
		return uint64(*(*uint16)(p))
	case reflect.Uint32:
		return uint64(*(*uint32)(p))
	case reflect.Int:
		return uint64(*(*int)(p))
	case reflect.Uint:
		return uint64(*(*uint)(p))
	}
	return *(*uint64)(p)
}

// empty reports whether a value is left out where it may be.
func (c *coder) empty(p unsafe.Pointer) bool {
	switch c.kind {
	case reflect.Bool:
		return !*(*bool)(p)
	case reflect.String:
		return *(*string)(p) == ""
	case reflect.Slice:
		return (*list)(p).len == 0
	case reflect.Pointer:
		return *(*unsafe.Pointer)(p) == nil
	case reflect.Struct:
		return c.spare && c.emptyStruct(p)
	case reflect.Invalid:
		return !c.own && reflect.NewAt(c.typ, p).Elem().Len() == 0 // a map
	}
	return c.number(p) == 0
}

func (c *coder) emptyStruct(p unsafe.Pointer) bool {
	for i := range c.fields {
		if f := &c.fields[i]; !f.empty(unsafe.Add(p, f.offset)) {
			return false
		}
	}
	return true
}

// append writes the value at p.
func (c *coder) append(b []byte, p unsafe.Pointer) []byte {
	switch c.kind {
	case reflect.Bool:
		if *(*bool)(p) {
			return append(b, cborTrue)
		}
		return append(b, cborFalse)
	case reflect.String:
		s := *(*string)(p)
		return append(cborHead(b, cborText, uint64(len(s))), s...)
	case reflect.Pointer:
		if p = *(*unsafe.Pointer)(p); p == nil {
			return append(b, cborNull)
		}
		return c.elem.append(b, p)
	case reflect.Slice:
		return c.appendList(b, (*list)(p))
	case reflect.Struct:
		return c.appendStruct(b, p)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if n := c.number(p); int64(n) < 0 {
			return cborHead(b, cborInt, ^n)
		}
	case reflect.Invalid:
		if c.typ == valuesOf {
			return (*Values)(p).append(b)
		}
		return append(b, must(encoding.Marshal(reflect.NewAt(c.typ, p).Elem().Interface()))...)
	}
	return cborHead(b, cborUint, c.number(p))
}

func (c *coder) appendList(b []byte, l *list) []byte {
	if l.data == nil {
		return append(b, cborNull)
	}
	if c.elem.typ.Kind() == reflect.Uint8 {
		return append(cborHead(b, cborBytes, uint64(l.len)), unsafe.Slice((*byte)(l.data), l.len)...)
	}
	b = cborHead(b, cborList, uint64(l.len))
	for i := range l.len {
		b = c.elem.append(b, unsafe.Add(l.data, uintptr(i)*c.elem.size))
	}
	return b
}

func (c *coder) appendStruct(b []byte, p unsafe.Pointer) []byte {
	head, n := len(b), 0
	b = cborHead(b, cborMap, uint64(len(c.fields)))
	wide := len(b) - head
	for i := range c.fields {
		f := &c.fields[i]
		at := unsafe.Add(p, f.offset)
		if f.omit && f.empty(at) {
			continue
		}
		n++
		b = f.append(append(b, f.head...), at)
	}
	// How many there are is known only now. Its head may be shorter than that of all of them.
	var first [9]byte
	if short := cborHead(first[:0], cborMap, uint64(n)); len(short) < wide {
		b = slices.Delete(b, head, head+wide-len(short))
	}
	cborHead(b[:head], cborMap, uint64(n))
	return b
}

// reader reads bytes from an index on.
type reader struct {
	b []byte
	i int

	// Of a whole, all strings are parts of one, and what pointers point to lies together as far as one list needs it:
	// a long history would be thousands of small pieces of memory. Of anything else each has its own, or one fact
	// would keep all those in memory that it came with.
	text  string
	ahead int // how many structs of the list that is being read are still to come
	rooms []room
}

// room is memory for values of one type.
type room struct {
	of    *coder
	parts []reflect.Value // slices
	part  int             // the one that has room, and
	next  int             // from where on
}

// mostAhead bounds the values that room is made for at once.
const mostAhead = 64

// again makes the same memory room for other values.
func (m *room) again() {
	for _, part := range m.parts[:min(m.part+1, len(m.parts))] {
		part.Clear()
	}
	m.part, m.next = 0, 0
}

// newReader reads a value of a type from b.
func newReader(c *coder, b []byte) *reader {
	r := &reader{b: b}
	if c.whole {
		r.text = string(b)
	}
	return r
}

// string is a text that is part of b and ends where the reader stands.
func (r *reader) string(text []byte) string {
	if r.text == "" {
		return string(text)
	}
	return r.text[r.i-len(text) : r.i]
}

// make returns room for a zero value.
func (r *reader) make(c *coder) unsafe.Pointer {
	if r.text == "" || r.ahead < 2 || c.size == 0 {
		return reflect.New(c.typ).UnsafePointer()
	}
	i := slices.IndexFunc(r.rooms, func(m room) bool { return m.of == c })
	if i < 0 {
		i = len(r.rooms)
		r.rooms = append(r.rooms, room{of: c})
	}
	m := &r.rooms[i]
	if m.part == len(m.parts) {
		n := min(r.ahead, mostAhead)
		m.parts = append(m.parts, reflect.MakeSlice(reflect.SliceOf(c.typ), n, n))
	}
	part := m.parts[m.part]
	at := unsafe.Add(part.UnsafePointer(), uintptr(m.next)*c.size)
	if m.next++; m.next == part.Len() {
		m.part, m.next = m.part+1, 0
	}
	return at
}

// head reads a type and its number; false where they are not of the simple kind.
func (r *reader) head() (typ byte, n uint64, ok bool) {
	if r.i >= len(r.b) {
		return 0, 0, false
	}
	c := r.b[r.i]
	r.i++
	if n = uint64(c & 31); n < 24 {
		return c & (7 << 5), n, true
	}
	n, ok = r.wide(n)
	return c & (7 << 5), n, ok
}

// wide reads the number behind a head that says how many bytes it takes.
func (r *reader) wide(info uint64) (n uint64, ok bool) {
	if info > 27 || len(r.b)-r.i < 1<<(info-24) {
		return 0, false
	}
	switch b := r.b[r.i:]; info {
	case 24:
		n = uint64(b[0])
	case 25:
		n = uint64(binary.BigEndian.Uint16(b))
	case 26:
		n = uint64(binary.BigEndian.Uint32(b))
	default:
		n = binary.BigEndian.Uint64(b)
	}
	r.i += 1 << (info - 24)
	return n, true
}

// next takes n bytes.
func (r *reader) next(n uint64) (b []byte, ok bool) {
	if n > uint64(len(r.b)-r.i) {
		return nil, false
	}
	r.i += int(n)
	return r.b[r.i-int(n) : r.i], true
}

// null takes a null, if that is next.
func (r *reader) null() bool {
	if r.i >= len(r.b) || r.b[r.i] != cborNull {
		return false
	}
	r.i++
	return true
}

// skip takes one value of whatever type.
func (r *reader) skip() bool {
	for left := uint64(1); left > 0; left-- {
		typ, n, ok := r.head()
		if !ok {
			return false
		}
		switch typ {
		case cborUint, cborInt:
		case cborBytes, cborText:
			if n > uint64(len(r.b)-r.i) {
				return false
			}
			r.i += int(n)
		case cborMap, cborList:
			if n > uint64(len(r.b)-r.i) {
				return false
			}
			if left += n; typ == cborMap {
				left += n
			}
		default:
			if n < cborFalse&31 || n > cborNull&31 {
				return false
			}
		}
	}
	return true
}

// read fills the zero value at p, of which a slice may have room; false where the library has to.
func (c *coder) read(r *reader, p unsafe.Pointer) bool {
	switch c.kind {
	case reflect.Pointer:
		if r.null() {
			return true
		}
		v := r.make(c.elem)
		*(*unsafe.Pointer)(p) = v
		return c.elem.read(r, v)
	case reflect.Slice:
		return r.null() || c.readList(r, p)
	case reflect.Invalid:
		from := r.i
		if !r.skip() {
			return false
		}
		return decoding.Unmarshal(r.b[from:r.i], reflect.NewAt(c.typ, p).Interface()) == nil
	}
	typ, n, ok := r.head()
	return ok && c.readHeaded(r, typ, n, p)
}

// readHeaded is read once the head is read.
func (c *coder) readHeaded(r *reader, typ byte, n uint64, p unsafe.Pointer) bool {
	switch c.kind {
	case reflect.Struct:
		return typ == cborMap && c.readStruct(r, n, p)
	case reflect.String:
		text, ok := r.next(n)
		if typ != cborText || !ok || !utf8.Valid(text) {
			return false
		}
		*(*string)(p) = r.string(text)
		return true
	case reflect.Bool:
		*(*bool)(p) = n == cborTrue&31
		return typ == 7<<5 && (n == cborTrue&31 || n == cborFalse&31)
	}
	return c.readNumber(typ, n, p)
}

func (c *coder) readNumber(typ byte, n uint64, p unsafe.Pointer) bool {
	if typ == cborUint && n < 1<<7 && c.size == 1 {
		*(*uint8)(p) = uint8(n)
		return true
	}
	if typ == cborUint && n < 1<<63 && c.size == 8 {
		*(*uint64)(p) = n
		return true
	}
	v := reflect.NewAt(c.typ, p).Elem()
	if v.CanUint() {
		v.SetUint(n)
		return typ == cborUint && !v.OverflowUint(n)
	}
	if n > 1<<63-1 || typ != cborUint && typ != cborInt {
		return false
	}
	signed := int64(n)
	if typ == cborInt {
		signed = ^signed
	}
	v.SetInt(signed)
	return !v.OverflowInt(signed)
}

func (c *coder) readList(r *reader, p unsafe.Pointer) bool {
	typ, n, ok := r.head()
	if !ok || n > uint64(len(r.b)-r.i) {
		return false
	}
	if c.elem.typ.Kind() == reflect.Uint8 {
		data, ok := r.next(n)
		if c.elem.kind != reflect.Uint8 || typ != cborBytes || !ok {
			return false
		}
		reflect.NewAt(c.typ, p).Elem().SetBytes(slices.Clone(data))
		return true
	}
	if typ != cborList {
		return false
	}
	v := reflect.NewAt(c.typ, p).Elem()
	if n > 0 && v.Cap() >= int(n) { // given to be filled
		v.SetLen(int(n))
	} else {
		v.Set(reflect.MakeSlice(c.typ, int(n), int(n)))
	}
	data, ahead := v.UnsafePointer(), r.ahead
	for i := range uintptr(n) {
		if c.elem.kind == reflect.Struct {
			r.ahead = int(n) - int(i)
		}
		if !c.elem.read(r, unsafe.Add(data, i*c.elem.size)) {
			return false
		}
	}
	r.ahead = ahead
	return true
}

// readStruct reads n pairs, in the order of their keys.
func (c *coder) readStruct(r *reader, n uint64, p unsafe.Pointer) bool {
	at, least := 0, uint64(0)
	for range n {
		typ, key, ok := r.head()
		if !ok || typ != cborUint || key < least {
			return false
		}
		least = key + 1
		for at < len(c.fields) && c.fields[at].key < key {
			at++
		}
		if at < len(c.fields) && c.fields[at].key == key {
			ok = c.fields[at].read(r, unsafe.Add(p, c.fields[at].offset))
		} else {
			ok = r.skip()
		}
		if !ok {
			return false
		}
	}
	return true
}
