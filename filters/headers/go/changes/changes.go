// Package changes holds the changes that a configuration asks for, and how they are read.
package changes

import (
	"errors"
	"slices"
	"strings"

	"istio-wasm-conformance/shared/fields"
	"istio-wasm-conformance/shared/strictjson"
)

// Changes is a configuration; names are in lower case.
type Changes struct {
	Removed  []string
	Replaced [][2]string
	Added    [][2]string
}

// Read returns the changes of a configuration.
func Read(text string) (*Changes, error) {
	if text == "" {
		return nil, errors.New("there is none; give at least one of add, replace, remove")
	}
	document, err := strictjson.Parse(text)
	if err != nil {
		return nil, errors.New("not valid JSON: " + err.Error())
	}
	if document.Kind != strictjson.Object {
		return nil, errors.New("must be an object, is " + document.Kind.String())
	}
	var all Changes
	for _, member := range document.Members {
		switch member.Key {
		case "remove":
			all.Removed, err = readNames(member.Value)
		case "replace":
			all.Replaced, err = readPairs(member.Value, readOne)
		case "add":
			all.Added, err = readPairs(member.Value, readOneOrMore)
		default:
			return nil, errors.New("the unknown key " + strictjson.Shown(member.Key) +
				"; known are add, replace, remove")
		}
		if err != nil {
			return nil, errors.New(member.Key + " names " + err.Error())
		}
	}
	if len(all.Removed)+len(all.Replaced)+len(all.Added) == 0 {
		return nil, errors.New("it changes no header")
	}
	return &all, nil
}

func readNames(list strictjson.Value) ([]string, error) {
	if list.Kind != strictjson.Array {
		return nil, errors.New("no list of header names")
	}
	var names []string
	for _, item := range list.Items {
		if item.Kind != strictjson.String {
			return nil, errors.New("a header name that is not a string")
		}
		name, err := readName(item.Text, names)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

func readPairs(
	object strictjson.Value, values func(strictjson.Value) ([]string, error),
) ([][2]string, error) {
	if object.Kind != strictjson.Object {
		return nil, errors.New("no object of header names and values")
	}
	var names []string
	var pairs [][2]string
	for _, member := range object.Members {
		name, err := readName(member.Key, names)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
		texts, err := values(member.Value)
		if err != nil {
			return nil, errors.New(`"` + name + `" with ` + err.Error())
		}
		for _, text := range texts {
			pairs = append(pairs, [2]string{name, text})
		}
	}
	return pairs, nil
}

var framing = []string{
	"connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer",
	"transfer-encoding", "upgrade",
}

// readName returns a header name in lower case, if it may be changed and is none of the others.
func readName(text string, others []string) (string, error) {
	name := fields.Lower(text)
	switch {
	case text == "":
		return "", errors.New("an empty header name")
	case text[0] == ':':
		return "", errors.New("a pseudo-header; it is not a header field")
	case !fields.Token(text):
		return "", errors.New("a header name with a character that names cannot have")
	case slices.Contains(framing, name):
		return "", errors.New(`"` + name + `", which frames the message and is the proxy's own`)
	case slices.Contains(others, name):
		return "", errors.New(`"` + name + `" twice`)
	}
	return name, nil
}

func readOneOrMore(value strictjson.Value) ([]string, error) {
	if value.Kind != strictjson.Array {
		return readOne(value)
	}
	if len(value.Items) == 0 {
		return nil, errors.New("an empty list of values")
	}
	var all []string
	for _, item := range value.Items {
		one, err := readOne(item)
		if err != nil {
			return nil, err
		}
		all = append(all, one...)
	}
	return all, nil
}

func readOne(value strictjson.Value) ([]string, error) {
	if value.Kind != strictjson.String {
		return nil, errors.New("a value that is " + value.Kind.String() + ", not a string")
	}
	if fields.HoldsControl(strings.ReplaceAll(value.Text, "\t", "")) {
		return nil, errors.New("a value with a control character")
	}
	if strings.Trim(value.Text, " \t") != value.Text {
		return nil, errors.New("a value with white space around it")
	}
	return []string{value.Text}, nil
}
