package rules

import (
	"errors"
	"strings"

	"istio-wasm-conformance/basic_auth/credentials"
	"istio-wasm-conformance/basic_auth/places"
	"istio-wasm-conformance/shared/fields"
	"istio-wasm-conformance/shared/strictjson"
)

func (rule *Rule) readPath(match places.Match, value strictjson.Value) error {
	if rule.Match != 0 {
		return errors.New("is one path too many")
	}
	if value.Kind != strictjson.String {
		return expected("a string", value)
	}
	path := value.Text
	switch {
	case path == "":
		return errors.New("is empty")
	case match != places.Suffix && path[0] != '/':
		return errors.New("must begin with '/'")
	case strings.ContainsAny(path, "?#"):
		return errors.New("has a '?' or '#'; rules are about the path in front of it")
	case strings.ContainsAny(path, `%\;`) || fields.HoldsControl(path):
		return errors.New(
			`has a character ('%', '\', ';', control) that paths are compared without`)
	}
	closed := strings.TrimSuffix(path, "/") + "/"
	for _, part := range []string{"//", "/./", "/../"} {
		if strings.Contains(closed, part) {
			return errors.New(
				"has an empty segment, '.' or '..', which paths are compared without")
		}
	}
	rule.Match, rule.Path = match, fields.Lower(path)
	return nil
}

// readMethod takes methods as they are written. They are compared without regard to case, but
// "get" is a mistake that other filters take for another method.
func readMethod(text string) ([]string, error) {
	lower := fields.Lower(text)
	if !fields.Token(text) || strings.Contains(text, "*") || strings.ContainsAny(text, letters) {
		return nil, errors.New(
			"is no method; methods are tokens in upper case, there is no wildcard")
	}
	if text == "GET" { // whoever may not read may not ask for the size
		return []string{lower, "head"}, nil
	}
	return []string{lower}, nil
}

const letters = "abcdefghijklmnopqrstuvwxyz"

func readCredential(text string) ([]string, error) {
	if text == "" {
		return nil, errors.New("is empty")
	}
	plain := text
	if !strings.Contains(text, ":") {
		var ok bool
		if plain, ok = credentials.DecodedUnpadded(text); !ok {
			return nil, errors.New("is neither user:password nor base64 of it")
		}
	}
	user, password, found := strings.Cut(plain, ":")
	switch {
	case !found:
		return nil, errors.New("is base64 of something without a colon")
	case user == "":
		return nil, errors.New("has an empty user name")
	case password == "":
		return nil, errors.New("has an empty password")
	case fields.HoldsControl(plain):
		return nil, errors.New("holds a control character, perhaps a line end")
	}
	return []string{plain}, nil
}

func readHost(text string) ([]string, error) {
	if text == "" {
		return nil, errors.New("is empty")
	}
	if strings.ContainsAny(text, "/@?# ") || fields.HoldsControl(text) {
		return nil, errors.New("is no host")
	}
	star := strings.IndexByte(text, '*')
	inside := star > 0 && star < len(text)-1
	if inside || strings.LastIndexByte(text, '*') != star {
		return nil, errors.New(
			"has a '*' that is neither the first nor the last character, or more than one")
	}
	host := fields.Lower(text)
	if star <= 0 {
		host = strings.TrimRight(host, ".")
	}
	bracketed := strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]")
	switch {
	case strings.Contains(host, ":") && !bracketed:
		return nil, errors.New("has a port, or is an IPv6 address without brackets")
	case host == "":
		return nil, errors.New("is no host")
	}
	return []string{host}, nil
}
