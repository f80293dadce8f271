// Package rules holds the rules of a configuration: what they are and how they are read.
//
// A reader of a lock is strict: whatever would leave a route open that its author thinks closed is
// an error, not a default. Errors name the place and never quote a credential.
package rules

import (
	"errors"
	"strings"

	"istio-wasm-conformance/basic_auth/places"
	"istio-wasm-conformance/shared/fields"
	"istio-wasm-conformance/shared/strictjson"
)

// Rule says for which requests which credentials are wanted.
type Rule struct {
	Match       places.Match
	Path        string   // lower case
	Hosts       []string // lower case; none: every host
	Methods     []string // lower case
	Credentials []string // "user:password"
}

// Rules is a configuration; a request must satisfy every rule that matches it.
type Rules struct {
	Challenge string
	Rules     []Rule
}

// Read returns the rules of a configuration.
func Read(text string) (*Rules, error) {
	if text == "" {
		return nil, errors.New("there is none, so nothing would be protected")
	}
	document, err := strictjson.Parse(text)
	if err != nil {
		return nil, errors.New("not valid JSON: " + err.Error())
	}
	if document.Kind != strictjson.Object {
		return nil, expected("an object", document)
	}
	all := &Rules{Challenge: challenge("istio")}
	for _, member := range document.Members {
		switch member.Key {
		case "realm":
			all.Challenge, err = readRealm(member.Value)
		case "basic_auth_rules":
			all.Rules, err = readRules(member.Value)
		default:
			return nil, errors.New("the unknown key " + strictjson.Shown(member.Key) +
				"; known are basic_auth_rules and realm")
		}
		if err != nil {
			return nil, at(member.Key, err)
		}
	}
	if len(all.Rules) == 0 {
		return nil, errors.New("there are no basic_auth_rules, so nothing would be protected")
	}
	return all, nil
}

func readRealm(value strictjson.Value) (string, error) {
	if value.Kind != strictjson.String {
		return "", expected("a string", value)
	}
	if fields.HoldsControl(value.Text) {
		return "", errors.New("holds a control character")
	}
	return challenge(value.Text), nil
}

// challenge returns the realm in a quoted string, as RFC 7617 section 2 wants it.
func challenge(realm string) string {
	return `Basic realm="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(realm) + `"`
}

func readRules(value strictjson.Value) ([]Rule, error) {
	if value.Kind != strictjson.Array {
		return nil, expected("a list of rules", value)
	}
	all := make([]Rule, len(value.Items))
	for i, item := range value.Items {
		if err := all[i].read(item); err != nil {
			return nil, at(element(i), err)
		}
	}
	return all, nil
}

func (rule *Rule) read(value strictjson.Value) error {
	if value.Kind != strictjson.Object {
		return expected("an object", value)
	}
	for _, member := range value.Members {
		var err error
		switch member.Key {
		case "prefix":
			err = rule.readPath(places.Prefix, member.Value)
		case "exact":
			err = rule.readPath(places.Exact, member.Value)
		case "suffix":
			err = rule.readPath(places.Suffix, member.Value)
		case "hosts":
			rule.Hosts, err = readList(member.Value, readHost)
		case "request_methods":
			rule.Methods, err = readSome(member.Value, readMethod)
		case "credentials":
			rule.Credentials, err = readSome(member.Value, readCredential)
		default:
			return errors.New("has the unknown key " + strictjson.Shown(member.Key) +
				"; known are prefix, exact, suffix, hosts, request_methods, credentials")
		}
		if err != nil {
			return at("."+member.Key, err)
		}
	}
	switch {
	case rule.Match == 0:
		return errors.New("has no prefix, exact or suffix")
	case rule.Methods == nil:
		return errors.New("has no request_methods")
	case rule.Credentials == nil:
		return errors.New("has no credentials")
	}
	return nil
}
