package strictjson

// Kind is what a value is.
type Kind byte

// The kinds of RFC 8259; true and false are one.
const (
	Null Kind = iota
	Boolean
	Number
	String
	Array
	Object
)

// String returns the kind as an error names it.
func (k Kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "a list", "an object"}[k]
}

// Value is one value of a document.
type Value struct {
	Kind    Kind
	Text    string   // of a string: its characters; of any other scalar: as written
	Items   []Value  // of an array
	Members []Member // of an object, as ordered in the document
}

// Member is a key of an object with its value.
type Member struct {
	Key   string
	Value Value
}

// Shown returns a key as an error may show it: whole where it looks like a key, else not at all.
func Shown(key string) string {
	for i := 0; i < len(key); i++ {
		c := key[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && c != '_' && c != '-' {
			return "(not shown: it does not look like a key)"
		}
	}
	if len(key) > 40 {
		return "(not shown: too long)"
	}
	return `"` + key + `"`
}
