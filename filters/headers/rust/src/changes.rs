//! The changes that a configuration asks for, and how they are read.

use strict::field;
use strict::json::{self, Value};

/// The fields that tell where a message ends, or that belong to one connection.
const FRAMING: [&str; 8] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What happens to a response; names are in lower case.
#[derive(Debug, Default, PartialEq)]
pub struct Changes {
    pub removed: Vec<String>,
    pub replaced: Vec<(String, String)>,
    pub added: Vec<(String, String)>,
}

/// What is wrong with a configuration, as it is logged.
type Wrong = String;

impl Changes {
    /// The changes of a configuration that makes sense as a whole.
    pub fn read(text: &[u8]) -> Result<Changes, Wrong> {
        if text.is_empty() {
            return Err("there is none; give at least one of add, replace, remove".into());
        }
        let members = match json::parse(text)? {
            Value::Object(members) => members,
            other => return Err(format!("must be an object, is {}", other.kind())),
        };
        let mut changes = Changes::default();
        for (key, value) in members {
            let read = match key.as_str() {
                "remove" => names(value).map(|names| changes.removed = names),
                "replace" => pairs(value, Values::One).map(|pairs| changes.replaced = pairs),
                "add" => pairs(value, Values::Several).map(|pairs| changes.added = pairs),
                _ => {
                    let key = json::shown(&key);
                    return Err(format!("the unknown key {key}; known are add, replace, remove"));
                }
            };
            read.map_err(|wrong| format!("{key} names {wrong}"))?;
        }
        if changes == Changes::default() {
            return Err("it changes no header".into());
        }
        Ok(changes)
    }
}

fn names(list: Value) -> Result<Vec<String>, Wrong> {
    let Value::List(items) = list else {
        return Err("no list of header names".into());
    };
    let mut names = Vec::new();
    for item in items {
        let Value::String(text) = item else {
            return Err("a header name that is not a string".into());
        };
        names.push(new_name(&text, &names)?);
    }
    Ok(names)
}

/// How many values a name may have.
#[derive(PartialEq)]
enum Values {
    One,
    Several,
}

fn pairs(object: Value, allowed: Values) -> Result<Vec<(String, String)>, Wrong> {
    let Value::Object(members) = object else {
        return Err("no object of header names and values".into());
    };
    let mut names = Vec::new();
    let mut pairs = Vec::new();
    for (key, value) in members {
        let name = new_name(&key, &names)?;
        let values = match value {
            Value::List(values) if allowed == Values::Several => values,
            single => vec![single],
        };
        if values.is_empty() {
            return Err(format!("\"{name}\" with an empty list of values"));
        }
        for value in values {
            let text = field_value(value).map_err(|wrong| format!("\"{name}\" with {wrong}"))?;
            pairs.push((name.clone(), text));
        }
        names.push(name);
    }
    Ok(pairs)
}

/// A name in lower case that may be changed and is not among the others.
fn new_name(text: &str, others: &[String]) -> Result<String, Wrong> {
    let name = text.to_ascii_lowercase();
    if name.is_empty() {
        Err("an empty header name".into())
    } else if name.starts_with(':') {
        Err("a pseudo-header; it is not a header field".into())
    } else if !field::is_token(&name) {
        Err("a header name with a character that names cannot have".into())
    } else if FRAMING.contains(&name.as_str()) {
        Err(format!("\"{name}\", which frames the message and is the proxy's own"))
    } else if others.contains(&name) {
        Err(format!("\"{name}\" twice"))
    } else {
        Ok(name)
    }
}

/// A value that stays on its line and arrives as it is.
fn field_value(value: Value) -> Result<String, Wrong> {
    let Value::String(text) = value else {
        return Err(format!("a value that is {}, not a string", value.kind()));
    };
    if text.contains(|c: char| c.is_ascii_control() && c != '\t') {
        Err("a value with a control character".into())
    } else if text.trim_matches([' ', '\t']) != text {
        Err("a value with white space around it".into())
    } else {
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::Changes;

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    #[test]
    fn a_configuration_that_changes_something_is_read() {
        let text = r#"{
            "add": {"Set-Cookie": ["a=1", "b=2"], "x": "a\tb"},
            "replace": {"hello": "", "!#$%&'*+-.^_`|~09": "grün, \"quoted\""},
            "remove": ["Server", "hello"]
        }"#;
        let expected = Changes {
            removed: vec!["server".into(), "hello".into()],
            replaced: vec![pair("hello", ""), pair("!#$%&'*+-.^_`|~09", "grün, \"quoted\"")],
            added: vec![pair("set-cookie", "a=1"), pair("set-cookie", "b=2"), pair("x", "a\tb")],
        };
        assert_eq!(Changes::read(text.as_bytes()), Ok(expected));
    }

    #[test]
    fn any_other_is_refused_with_the_reason() {
        let token = "add names a header name with a character that names cannot have";
        let control = "replace names \"a\" with a value with a control character";
        let blank = "replace names \"a\" with a value with white space around it";
        let table = [
            ("", "there is none; give at least one of add, replace, remove"),
            ("{}", "it changes no header"),
            (r#"{"add": {}, "replace": {}, "remove": []}"#, "it changes no header"),
            ("[]", "must be an object, is a list"),
            (r#"{"adds": {}}"#, "the unknown key \"adds\"; known are add, replace, remove"),
            (r#"{"Add": {}}"#, "the unknown key \"Add\"; known are add, replace, remove"),
            (r#"{"add": []}"#, "add names no object of header names and values"),
            (r#"{"replace": "x"}"#, "replace names no object of header names and values"),
            (r#"{"remove": {"a": "b"}}"#, "remove names no list of header names"),
            (r#"{"remove": [1]}"#, "remove names a header name that is not a string"),
            (r#"{"remove": [""]}"#, "remove names an empty header name"),
            (
                r#"{"remove": [":status"]}"#,
                "remove names a pseudo-header; it is not a header field",
            ),
            (r#"{"add": {"a b": "x"}}"#, token),
            (r#"{"add": {"a\u0000": "x"}}"#, token),
            (r#"{"add": {"grün": "x"}}"#, token),
            (r#"{"remove": ["a", "A"]}"#, "remove names \"a\" twice"),
            (r#"{"replace": {"a": "1", "A": "2"}}"#, "replace names \"a\" twice"),
            (r#"{"add": {"a": []}}"#, "add names \"a\" with an empty list of values"),
            (
                r#"{"add": {"a": [1]}}"#,
                "add names \"a\" with a value that is a number, not a string",
            ),
            (
                r#"{"replace": {"a": ["b"]}}"#,
                "replace names \"a\" with a value that is a list, not a string",
            ),
            (r#"{"replace": {"a": "b\r\nc: d"}}"#, control),
            (r#"{"replace": {"a": "\u007f"}}"#, control),
            (r#"{"replace": {"a": " b"}}"#, blank),
            (r#"{"replace": {"a": "b\t"}}"#, blank),
            (
                r#"{"remove": ["Content-Length"]}"#,
                "remove names \"content-length\", which frames the message and is the proxy's own",
            ),
        ];
        for (text, reason) in table {
            assert_eq!(Changes::read(text.as_bytes()), Err(reason.into()), "{text}");
        }
        let twice = Changes::read(br#"{"add": {"a": "1"}, "add": {"b": "2"}}"#).unwrap_err();
        assert!(twice.starts_with("not valid JSON: a key for the second time"));
    }
}
