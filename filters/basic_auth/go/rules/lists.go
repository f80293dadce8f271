package rules

import (
	"errors"
	"strconv"

	"istio-wasm-conformance/shared/strictjson"
)

// at puts a place in front of an error: "realm" and "must be a string", "credentials" and "[0] is
// empty", "rules[0]" and ".prefix is empty".
func at(place string, err error) error {
	text := err.Error()
	if text[0] != '[' && text[0] != '.' {
		place += " "
	}
	return errors.New(place + text)
}

func element(number int) string { return "[" + strconv.Itoa(number) + "]" }

func expected(what string, value strictjson.Value) error {
	return errors.New("must be " + what + ", is " + value.Kind.String())
}

// readList reads a list of strings; `read` returns what an element stands for.
func readList(value strictjson.Value, read func(string) ([]string, error)) ([]string, error) {
	if value.Kind != strictjson.Array {
		return nil, expected("a list of strings", value)
	}
	var all []string
	for i, item := range value.Items {
		if item.Kind != strictjson.String {
			return nil, at(element(i), expected("a string", item))
		}
		read, err := read(item.Text)
		if err != nil {
			return nil, at(element(i), err)
		}
		all = append(all, read...)
	}
	return all, nil
}

// readSome reads a list that must not be empty.
func readSome(value strictjson.Value, read func(string) ([]string, error)) ([]string, error) {
	all, err := readList(value, read)
	if err == nil && len(all) == 0 {
		err = errors.New("is empty")
	}
	return all, err
}
