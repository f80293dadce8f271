// Package credentials reads what an Authorization header gives and compares it.
package credentials

import (
	"encoding/base64"
	"strings"

	"istio-wasm-conformance/shared/fields"
)

// Decoded returns the bytes of base64 (RFC 4648 section 4), read strictly: this alphabet, no white
// space, no spare bits, padded. Two different texts never decode to the same bytes.
func Decoded(text string) (string, bool) {
	return decoded(text, base64.StdEncoding)
}

// DecodedUnpadded returns what Decoded does, and takes text without any padding too.
func DecodedUnpadded(text string) (string, bool) {
	if len(text)%4 == 0 {
		return Decoded(text)
	}
	return decoded(text, base64.RawStdEncoding)
}

func decoded(text string, encoding *base64.Encoding) (string, bool) {
	// The decoder skips line ends even where it is strict.
	if strings.ContainsAny(text, "\r\n") {
		return "", false
	}
	plain, err := encoding.Strict().DecodeString(text)
	return string(plain), err == nil
}

// Given returns what an Authorization header gives: "user:password", or false if it is not `Basic`,
// one space and padded base64. The name of the scheme has no case (RFC 9110 section 11.1).
func Given(authorization string) (string, bool) {
	scheme, encoded, found := strings.Cut(authorization, " ")
	if !found || fields.Lower(scheme) != "basic" {
		return "", false
	}
	return Decoded(encoded)
}

// Among tells whether one of the secrets was given. It compares with every one, also after one has
// matched, and with each in the same time wherever the two differ; only their lengths show.
func Among(secrets []string, given string) bool {
	matches := 0
	for _, secret := range secrets {
		differences := len(secret) ^ len(given)
		for i := range len(given) {
			differences |= int(secret[i%len(secret)] ^ given[i])
		}
		if differences == 0 {
			matches++
		}
	}
	return matches > 0
}
