//! The rules of a configuration: what they are and how they are read.
//!
//! A reader of a lock is strict: whatever would leave a route open that its author thinks closed is
//! an error, not a default. Errors name the place and never quote a credential.

use std::fmt::{self, Display};

use base64::prelude::{Engine, BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use strict::field;
use strict::json::{self, Value};

use crate::places::{self, holds_control, Match};

#[derive(Debug)]
pub struct Rules {
    pub challenge: String,
    pub list: Vec<Rule>,
}

#[derive(Debug)]
pub struct Rule {
    matching: Match,
    path: Vec<u8>,         // lower case
    hosts: Vec<Vec<u8>>,   // lower case; none: every host
    methods: Vec<Vec<u8>>, // lower case
    /// "user:password"
    pub credentials: Vec<Vec<u8>>,
}

impl Rule {
    /// Whether the rule is about this method, given in lower case.
    pub fn lists(&self, method: &[u8]) -> bool {
        self.methods.iter().any(|listed| listed == method)
    }

    pub fn covers(&self, paths: Option<&[Vec<u8>]>, host: &[u8]) -> bool {
        self.matching.covers(&self.path, paths) && places::covers_host(&self.hosts, host)
    }
}

/// What is wrong with a configuration, and where: "rules[0].prefix" "is empty".
#[derive(Debug)]
pub struct Wrong {
    place: String,
    what: String,
}

impl Wrong {
    fn at(mut self, place: impl Display) -> Wrong {
        self.place = format!("{place}{}", self.place);
        self
    }
}

impl From<String> for Wrong {
    fn from(what: String) -> Wrong {
        let place = String::new();
        Wrong { place, what }
    }
}

impl From<&str> for Wrong {
    fn from(what: &str) -> Wrong {
        what.to_owned().into()
    }
}

impl Display for Wrong {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        match self.place.as_str() {
            "" => to.write_str(&self.what),
            place => write!(to, "{place} {}", self.what),
        }
    }
}

impl Rules {
    /// The rules of a configuration that protects something.
    pub fn read(text: &[u8]) -> Result<Rules, Wrong> {
        if text.is_empty() {
            return Err("there is none, so nothing would be protected".into());
        }
        let mut challenge = quoted("istio");
        let mut list = Vec::new();
        for (key, value) in object(json::parse(text)?)? {
            match key.as_str() {
                "realm" => challenge = realm(value).map_err(|wrong| wrong.at(key))?,
                "basic_auth_rules" => list = rules(value).map_err(|wrong| wrong.at(key))?,
                _ => {
                    let key = json::shown(&key);
                    let wrong =
                        format!("the unknown key {key}; known are basic_auth_rules and realm");
                    return Err(wrong.into());
                }
            }
        }
        if list.is_empty() {
            return Err("there are no basic_auth_rules, so nothing would be protected".into());
        }
        Ok(Rules { challenge, list })
    }
}

fn realm(value: Value) -> Result<String, Wrong> {
    let text = string(value)?;
    if holds_control(text.as_bytes()) {
        return Err("holds a control character".into());
    }
    Ok(quoted(&text))
}

/// A challenge whose realm is a quoted string, as RFC 7617 section 2 wants it.
fn quoted(realm: &str) -> String {
    let escaped = realm.replace('\\', r"\\").replace('"', r#"\""#);
    format!("Basic realm=\"{escaped}\"")
}

fn rules(value: Value) -> Result<Vec<Rule>, Wrong> {
    let Value::List(items) = value else {
        return Err(expected("a list of rules", &value));
    };
    let numbered = items.into_iter().enumerate();
    numbered.map(|(i, item)| rule(item).map_err(|wrong| wrong.at(format!("[{i}]")))).collect()
}

fn rule(value: Value) -> Result<Rule, Wrong> {
    let mut place = None;
    let mut hosts = Vec::new();
    let (mut methods, mut credentials) = (None, None);
    for (key, member) in object(value)? {
        let read = match key.as_str() {
            "prefix" | "exact" | "suffix" if place.is_some() => Err("is one path too many".into()),
            "prefix" => path(Match::Prefix, member).map(|read| place = Some(read)),
            "exact" => path(Match::Exact, member).map(|read| place = Some(read)),
            "suffix" => path(Match::Suffix, member).map(|read| place = Some(read)),
            "hosts" => strings(member, host).map(|read| hosts = read),
            "request_methods" => {
                some_strings(member, method).map(|read| methods = Some(read.concat()))
            }
            "credentials" => some_strings(member, credential).map(|read| credentials = Some(read)),
            _ => {
                let known = "prefix, exact, suffix, hosts, request_methods, credentials";
                let key = json::shown(&key);
                return Err(format!("has the unknown key {key}; known are {known}").into());
            }
        };
        read.map_err(|wrong| wrong.at(format!(".{key}")))?;
    }
    let (matching, path) = place.ok_or("has no prefix, exact or suffix")?;
    let methods = methods.ok_or("has no request_methods")?;
    let credentials = credentials.ok_or("has no credentials")?;
    Ok(Rule { matching, path, hosts, methods, credentials })
}

fn path(matching: Match, value: Value) -> Result<(Match, Vec<u8>), Wrong> {
    let text = string(value)?;
    let closed = format!("{}/", text.strip_suffix('/').unwrap_or(&text));
    if text.is_empty() {
        Err("is empty".into())
    } else if matching != Match::Suffix && !text.starts_with('/') {
        Err("must begin with '/'".into())
    } else if text.contains(['?', '#']) {
        Err("has a '?' or '#'; rules are about the path in front of it".into())
    } else if text.contains(['%', '\\', ';']) || holds_control(text.as_bytes()) {
        Err("has a character ('%', '\\', ';', control) that paths are compared without".into())
    } else if ["//", "/./", "/../"].iter().any(|part| closed.contains(part)) {
        Err("has an empty segment, '.' or '..', which paths are compared without".into())
    } else {
        Ok((matching, text.to_ascii_lowercase().into_bytes()))
    }
}

fn host(text: &str) -> Result<Vec<u8>, Wrong> {
    let whole = if text.ends_with('*') { text } else { text.trim_end_matches('.') };
    let stars = whole.matches('*').count();
    let at_an_end = text.starts_with('*') || text.ends_with('*');
    let bracketed = whole.starts_with('[') && whole.ends_with(']');
    if text.is_empty() {
        Err("is empty".into())
    } else if text.contains(['/', '@', '?', '#', ' ']) || holds_control(text.as_bytes()) {
        Err("is no host".into())
    } else if stars > 1 || (stars == 1 && !at_an_end) {
        Err("has a '*' that is neither the first nor the last character, or more than one".into())
    } else if whole.contains(':') && !bracketed {
        Err("has a port, or is an IPv6 address without brackets".into())
    } else if whole.is_empty() {
        Err("is no host".into())
    } else {
        Ok(whole.to_ascii_lowercase().into_bytes())
    }
}

/// A method is compared without regard to case, but written as methods are: "get" is a mistake that
/// other filters take for another method.
fn method(text: &str) -> Result<Vec<Vec<u8>>, Wrong> {
    if !field::is_token(text) || text.contains(|c: char| c.is_ascii_lowercase() || c == '*') {
        return Err("is no method; methods are tokens in upper case, there is no wildcard".into());
    }
    let mut methods = vec![text.to_ascii_lowercase().into_bytes()];
    if text == "GET" {
        methods.push(b"head".to_vec()); // whoever may not read may not ask for the size
    }
    Ok(methods)
}

/// "user:password", given as such or as base64 of it.
fn credential(text: &str) -> Result<Vec<u8>, Wrong> {
    if text.is_empty() {
        return Err("is empty".into());
    }
    let plain = if text.contains(':') {
        text.as_bytes().to_vec()
    } else {
        BASE64_STANDARD
            .decode(text)
            .or_else(|_| BASE64_STANDARD_NO_PAD.decode(text))
            .map_err(|_| "is neither user:password nor base64 of it")?
    };
    let colon = plain.iter().position(|&byte| byte == b':');
    match colon.ok_or("is base64 of something without a colon")? {
        0 => Err("has an empty user name".into()),
        last if last + 1 == plain.len() => Err("has an empty password".into()),
        _ if holds_control(&plain) => Err("holds a control character, perhaps a line end".into()),
        _ => Ok(plain),
    }
}

/// A list of at least one string, each taken over by `read`.
fn some_strings<T>(value: Value, read: fn(&str) -> Result<T, Wrong>) -> Result<Vec<T>, Wrong> {
    let found = strings(value, read)?;
    if found.is_empty() {
        return Err("is empty".into());
    }
    Ok(found)
}

/// A list of strings, each taken over by `read`.
fn strings<T>(value: Value, read: fn(&str) -> Result<T, Wrong>) -> Result<Vec<T>, Wrong> {
    let Value::List(items) = value else {
        return Err(expected("a list of strings", &value));
    };
    let numbered = items.into_iter().enumerate();
    numbered
        .map(|(i, item)| {
            string(item).and_then(|text| read(&text)).map_err(|wrong| wrong.at(format!("[{i}]")))
        })
        .collect()
}

fn string(value: Value) -> Result<String, Wrong> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(expected("a string", &other)),
    }
}

fn object(value: Value) -> Result<Vec<(String, Value)>, Wrong> {
    match value {
        Value::Object(members) => Ok(members),
        other => Err(expected("an object", &other)),
    }
}

fn expected(what: &str, value: &Value) -> Wrong {
    format!("must be {what}, is {}", value.kind()).into()
}

#[cfg(test)]
mod tests;
