//! Strict JSON (RFC 8259) for configurations, read by `serde_json`.
//!
//! `serde_json` alone keeps the last of two equal keys, and its complaints about types quote the
//! value, which may be a password. So it fills a tree that takes any value and refuses a key for
//! the second time; what a value must be is for the reader of the tree to say.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// How many objects and lists may lie within each other; a deeper one is an attack or a mistake.
pub const MAX_DEPTH: usize = 32;

/// A JSON value. No configuration has a use for a number, so there is none inside.
#[derive(Debug, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    Number,
    String(String),
    List(Vec<Value>),
    /// The members in the order of the document, no key twice.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// What the value is, as a message may say it: "a string".
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Boolean(_) => "a boolean",
            Value::Number => "a number",
            Value::String(_) => "a string",
            Value::List(_) => "a list",
            Value::Object(_) => "an object",
        }
    }
}

/// The value that `text` is, or what is wrong and where. The message quotes nothing of the text.
pub fn parse(text: &[u8]) -> Result<Value, String> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Level(0).deserialize(&mut reader);
    value
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| format!("not valid JSON: {error}"))
}

/// A key as a message may show it: whole where it looks like a key, else not at all.
pub fn shown(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.chars().all(plain) {
        "(not shown: it does not look like a key)".into()
    } else if key.len() > 40 {
        "(not shown: too long)".into()
    } else {
        format!("\"{key}\"")
    }
}

/// Reads a value that lies in so many objects and lists.
#[derive(Clone, Copy)]
struct Level(usize);

impl Level {
    fn deeper<E: Error>(self) -> Result<Level, E> {
        if self.0 == MAX_DEPTH {
            return Err(E::custom(format_args!("more than {MAX_DEPTH} levels of nesting")));
        }
        Ok(Level(self.0 + 1))
    }
}

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Value;

    fn expecting(&self, to: &mut fmt::Formatter) -> fmt::Result {
        to.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let inside = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(inside)? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let inside = self.deeper()?;
        let mut members: Vec<(String, Value)> = Vec::new();
        while let Some(key) = object.next_key::<String>()? {
            if members.iter().any(|(other, _)| *other == key) {
                return Err(A::Error::custom("a key for the second time"));
            }
            members.push((key, object.next_value_seed(inside)?));
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, shown, Value};

    fn string(text: &str) -> Value {
        Value::String(text.into())
    }

    #[test]
    fn every_kind_of_value_is_read() {
        let text = r#" {"a": [null, true, -1.5e3, 0, 7], "b": {}, "c": "\u0041\ud83d\ude00\n"} "#;
        let list =
            vec![Value::Null, Value::Boolean(true), Value::Number, Value::Number, Value::Number];
        let expected = Value::Object(vec![
            ("a".into(), Value::List(list)),
            ("b".into(), Value::Object(vec![])),
            ("c".into(), string("A😀\n")),
        ]);
        assert_eq!(parse(text.as_bytes()), Ok(expected));
    }

    #[test]
    fn anything_else_is_refused() {
        let texts = [
            "",
            " \n ",
            "{",
            "[1",
            "[1 2]",
            "[1,]",
            r#"{"a":1,}"#,
            r#"{"a" 1}"#,
            "{a:1}",
            "{'a':1}",
            "{} {}",
            "1 // one",
            "/* */ 1",
            "\u{feff}{}",
            "tru",
            "True",
            "nan",
            "01",
            "+1",
            ".5",
            "1.",
            "1e",
            "0x10",
            "-",
            "\"abc",
            "\"a\nb\"",
            "\"a\0b\"",
            r#""\x41""#,
            r#""\u12g4""#,
            r#""\ud83d""#,
            r#""\ud83d\u0041""#,
            r#""\ude00""#,
        ];
        for text in texts {
            assert!(parse(text.as_bytes()).is_err(), "{text:?}");
        }
        let bytes: [&[u8]; 5] =
            [b"\"\xff\"", b"\"\xc0\xaf\"", b"\"\xed\xa0\x80\"", b"\"\xe2\x82\"", b"\xff"];
        for text in bytes {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_key_for_the_second_time_is_refused_however_it_is_spelt() {
        for text in [r#"{"a": 1, "a": 2}"#, r#"{"a": 1, "\u0061": 2}"#, r#"[{"": 1, "": 1}]"#] {
            let wrong = parse(text.as_bytes()).unwrap_err();
            assert!(wrong.starts_with("not valid JSON: a key for the second time at line 1"));
        }
    }

    #[test]
    fn nesting_ends_at_32_levels() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(nested(32).as_bytes()).is_ok());
        for depth in [33, 100_000] {
            let wrong = parse(nested(depth).as_bytes()).unwrap_err();
            assert!(wrong.starts_with("not valid JSON: more than 32 levels of nesting"));
        }
    }

    #[test]
    fn a_message_quotes_nothing() {
        for text in [r#"{"s3cret": "s3cret" "#, "s3cret", r#"["s3cret", s3cret]"#] {
            assert!(!parse(text.as_bytes()).unwrap_err().contains("s3cret"));
        }
        assert_eq!(shown("realm"), "\"realm\"");
        assert!(!shown("ok:s3cret").contains("s3cret"));
        assert!(!shown(&"s".repeat(41)).contains("ss"));
    }
}
