// Package strictjson reads JSON (RFC 8259) for configurations: one value and nothing after it, no
// comments, no trailing commas, no key twice in one object, valid UTF-8, at most 32 levels.
//
// encoding/json is none of that, and doubles the size of a module. Errors say what was expected
// and where. They never quote a value: it may be a password.
package strictjson

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

const maxDepth = 32

// Parse returns the value that text holds.
func Parse(text string) (Value, error) {
	r := reader{text: text}
	r.blanks()
	if r.at == len(text) {
		return Value{}, r.fail("nothing but white space")
	}
	value, err := r.value(0)
	if err != nil {
		return Value{}, err
	}
	r.blanks()
	if r.at != len(text) {
		return Value{}, r.fail("something after the end of the value")
	}
	return value, nil
}

type reader struct {
	text string
	at   int
}

func (r *reader) fail(what string) error {
	before := r.text[:min(r.at, len(r.text))]
	line := 1 + strings.Count(before, "\n")
	column := len(before) - strings.LastIndexByte(before, '\n')
	return errors.New(what + " at line " + strconv.Itoa(line) + ", column " + strconv.Itoa(column))
}

func (r *reader) failAt(at int, what string) error {
	r.at = at
	return r.fail(what)
}

// peek returns the next byte, or 0 at the end; no rule of the grammar takes a 0.
func (r *reader) peek() byte {
	if r.at == len(r.text) {
		return 0
	}
	return r.text[r.at]
}

func (r *reader) take(wanted byte) bool {
	if r.at == len(r.text) || r.text[r.at] != wanted {
		return false
	}
	r.at++
	return true
}

func (r *reader) blanks() {
	for r.take(' ') || r.take('\t') || r.take('\n') || r.take('\r') {
	}
}

func (r *reader) value(depth int) (Value, error) {
	next := r.peek()
	if (next == '{' || next == '[') && depth == maxDepth {
		return Value{}, r.fail("more than 32 levels of nesting")
	}
	switch next {
	case '{':
		return r.object(depth)
	case '[':
		return r.array(depth)
	case '"':
		text, err := r.string()
		return Value{Kind: String, Text: text}, err
	case 't':
		return r.word(Boolean, "true")
	case 'f':
		return r.word(Boolean, "false")
	case 'n':
		return r.word(Null, "null")
	default:
		return r.number()
	}
}

func (r *reader) word(kind Kind, wanted string) (Value, error) {
	if !strings.HasPrefix(r.text[r.at:], wanted) {
		return Value{}, r.fail("no value")
	}
	r.at += len(wanted)
	return Value{Kind: kind, Text: wanted}, nil
}

func (r *reader) digits() bool {
	start := r.at
	for c := r.peek(); '0' <= c && c <= '9'; c = r.peek() {
		r.at++
	}
	return r.at > start
}

func (r *reader) number() (Value, error) {
	start := r.at
	r.take('-')
	zero, first := r.peek() == '0', r.at
	if !r.digits() {
		if r.at == len(r.text) {
			return Value{}, r.failAt(start, "the text ends before a value")
		}
		return Value{}, r.failAt(start, "no value")
	}
	if zero && r.at > first+1 {
		return Value{}, r.failAt(start, "a number with a leading zero")
	}
	if r.take('.') && !r.digits() {
		return Value{}, r.fail("no digit after the point of a number")
	}
	if r.take('e') || r.take('E') {
		if !r.take('+') {
			r.take('-')
		}
		if !r.digits() {
			return Value{}, r.fail("no digit in the exponent of a number")
		}
	}
	return Value{Kind: Number, Text: r.text[start:r.at]}, nil
}

func (r *reader) array(depth int) (Value, error) {
	list := Value{Kind: Array}
	r.take('[')
	r.blanks()
	if r.take(']') {
		return list, nil
	}
	for {
		r.blanks()
		item, err := r.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		list.Items = append(list.Items, item)
		r.blanks()
		if r.take(']') {
			return list, nil
		}
		if !r.take(',') {
			return Value{}, r.fail("no ',' or ']' after an element of a list")
		}
	}
}

func (r *reader) object(depth int) (Value, error) {
	object := Value{Kind: Object}
	r.take('{')
	r.blanks()
	if r.take('}') {
		return object, nil
	}
	for {
		r.blanks()
		member, err := r.member(object.Members, depth)
		if err != nil {
			return Value{}, err
		}
		object.Members = append(object.Members, member)
		r.blanks()
		if r.take('}') {
			return object, nil
		}
		if !r.take(',') {
			return Value{}, r.fail("no ',' or '}' after a member of an object")
		}
	}
}

func (r *reader) member(others []Member, depth int) (Member, error) {
	start := r.at
	if r.peek() != '"' {
		return Member{}, r.fail("no key in double quotes")
	}
	key, err := r.string()
	if err != nil {
		return Member{}, err
	}
	for _, other := range others {
		if other.Key == key {
			return Member{}, r.failAt(start, "a key for the second time")
		}
	}
	r.blanks()
	if !r.take(':') {
		return Member{}, r.fail("no ':' after a key")
	}
	r.blanks()
	value, err := r.value(depth + 1)
	return Member{Key: key, Value: value}, err
}

func (r *reader) string() (string, error) {
	start := r.at
	r.take('"')
	var out []byte
	for r.at < len(r.text) {
		c := r.text[r.at]
		switch {
		case c == '"':
			r.at++
			return string(out), nil
		case c < 0x20:
			return "", r.fail("a control character inside a string")
		case c == '\\':
			code, err := r.escape()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, code)
		default:
			code, size := utf8.DecodeRuneInString(r.text[r.at:])
			if code == utf8.RuneError && size == 1 {
				return "", r.fail("bytes that are not UTF-8")
			}
			out = append(out, r.text[r.at:r.at+size]...)
			r.at += size
		}
	}
	return "", r.failAt(start, "a string that never ends")
}

func (r *reader) escape() (rune, error) {
	const names, meanings = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	start := r.at
	r.take('\\')
	c := r.peek()
	if i := strings.IndexByte(names, c); i >= 0 {
		r.at++
		return rune(meanings[i]), nil
	}
	if !r.take('u') {
		return 0, r.failAt(start, "an unknown escape")
	}
	code, ok := r.hex()
	if !ok {
		return 0, r.failAt(start, "an escape without four hexadecimal digits")
	}
	if code < 0xD800 || code > 0xDFFF {
		return code, nil
	}
	low := rune(0)
	if code <= 0xDBFF && r.take('\\') && r.take('u') {
		low, _ = r.hex()
	}
	if low < 0xDC00 || low > 0xDFFF {
		return 0, r.failAt(start, "half of a surrogate pair")
	}
	return 0x10000 + (code-0xD800)<<10 + (low - 0xDC00), nil
}

func (r *reader) hex() (rune, bool) {
	if len(r.text)-r.at < 4 {
		return 0, false
	}
	code := rune(0)
	for range 4 {
		c := r.text[r.at]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = (c | 0x20) - 'a' + 10
		default:
			return 0, false
		}
		code = code<<4 | rune(c)
		r.at++
	}
	return code, true
}
