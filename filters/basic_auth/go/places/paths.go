// Package places tells whether a rule's path or host covers the one of a request, read the way a
// careless backend might read it: where readings differ, a rule covers the request if any of them
// is covered.
package places

import (
	"slices"
	"strings"

	"istio-wasm-conformance/shared/fields"
)

// Match is how the path of a rule is compared with a reading; the zero value is none of them.
type Match byte

// The three ways of the configuration.
const (
	Prefix Match = iota + 1
	Exact
	Suffix
)

// Covers tells whether one of the readings matches; where there is none, every rule covers.
func (match Match) Covers(pattern string, readings []string) bool {
	return len(readings) == 0 || slices.ContainsFunc(readings, func(reading string) bool {
		switch match {
		case Prefix:
			return strings.HasPrefix(reading, pattern)
		case Suffix:
			return strings.HasSuffix(reading, pattern)
		default:
			return reading == pattern
		}
	})
}

// Escapes within escapes are followed so far; what is deeper has no reading.
const rounds = 4

// Readings returns every reading of a request's path, in lower case, without query and fragment.
// None where it cannot be told what a backend will make of it: not a path ("*", nothing), control
// characters, escapes too deep.
func Readings(path string) []string {
	path = before(path, "?#")
	if scheme := strings.Index(path, "://"); scheme >= 0 && path[0] != '/' {
		_, rest, found := strings.Cut(path[scheme+3:], "/")
		path = "/"
		if found {
			path += rest
		}
	}
	if !strings.HasPrefix(path, "/") || fields.HoldsControl(path) {
		return nil
	}
	readings := []string{fields.Lower(path)}
	for range rounds + 1 {
		resolved := tidied(path, true)
		readings = append(readings, resolved, resolved+"/")
		if strings.Contains(path, "..") {
			kept := tidied(path, false)
			readings = append(readings, kept, kept+"/")
		}
		next := unescaped(path)
		if next == path {
			return readings
		}
		if fields.HoldsControl(next) {
			return nil
		}
		path = next
	}
	return nil
}

// before returns text up to the first of these bytes.
func before(text, ends string) string {
	if i := strings.IndexAny(text, ends); i >= 0 {
		return text[:i]
	}
	return text
}

// unescaped decodes percent-escapes once; what is no escape stays. Two-byte overlong forms of ASCII
// (C0 AF for a slash) become the character that old decoders made of them.
func unescaped(path string) string {
	out := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		c := path[i]
		if high, low := hex(path, i+1), hex(path, i+2); c == '%' && high >= 0 && low >= 0 {
			c = byte(high<<4 | low)
			i += 2
		}
		if last := len(out) - 1; last >= 0 && out[last]&0xFE == 0xC0 && c&0xC0 == 0x80 {
			out[last] = out[last]&1<<6 | c&0x3F
		} else {
			out = append(out, c)
		}
	}
	return string(out)
}

// hex returns the value of a hexadecimal digit, or -1.
func hex(text string, at int) int {
	if at >= len(text) {
		return -1
	}
	switch c := text[at]; {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int((c | 0x20) - 'a' + 10)
	}
	return -1
}

// tidied returns a path whose segments are without parameters (";v=1"), empty ones and "." left
// out, ".." resolved or kept, without query, without a slash at the end, in lower case.
func tidied(path string, resolve bool) string {
	var segments []string
	separator := func(c rune) bool { return c == '/' || c == '\\' }
	for _, segment := range strings.FieldsFunc(before(path, "?#"), separator) {
		segment = before(segment, ";")
		switch {
		case segment == ".." && resolve:
			segments = segments[:max(len(segments)-1, 0)]
		case segment != "" && segment != ".":
			segments = append(segments, "/"+segment)
		}
	}
	return fields.Lower(strings.Join(segments, ""))
}
