// Package fields says what may stand in an HTTP header field (RFC 9110 sections 5.1 and 5.5).
package fields

import "strings"

// Token tells whether text is a token: the name of a field, a method, a scheme.
func Token(text string) bool {
	for i := 0; i < len(text); i++ {
		c := text[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return text != ""
}

// Control tells whether a byte is a control character.
func Control(c byte) bool { return c < 0x20 || c == 0x7F }

// HoldsControl tells whether there is a control character in text.
func HoldsControl(text string) bool {
	for i := 0; i < len(text); i++ {
		if Control(text[i]) {
			return true
		}
	}
	return false
}

// Lower returns text in lower case, ASCII only: the names of fields, hosts and schemes have no
// other letters that differ in case.
func Lower(text string) string {
	lower := []byte(text)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return string(lower)
}
