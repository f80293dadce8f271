//! Whether a rule's path or host covers the one of a request, read the way a careless backend
//! might read it: where readings differ, a rule covers the request if any of them is covered.
//!
//! Patterns are in lower case. What a client sends need not be UTF-8, so all of this is bytes.

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Match {
    Prefix,
    Exact,
    Suffix,
}

impl Match {
    /// Whether any reading of a path is covered; a path that has none could be any.
    pub fn covers(self, pattern: &[u8], readings: Option<&[Vec<u8>]>) -> bool {
        let covered = |path: &Vec<u8>| match self {
            Match::Prefix => path.starts_with(pattern),
            Match::Exact => path == pattern,
            Match::Suffix => path.ends_with(pattern),
        };
        readings.is_none_or(|readings| readings.iter().any(covered))
    }
}

/// How often a path is decoded; one that holds more escapes within escapes has no reading.
const ROUNDS: usize = 4;

/// Every reading of a request's path, without query and fragment, in lower case.
///
/// None where it cannot be told what a backend will make of it: not a path ("*", nothing), control
/// characters, escapes within escapes within escapes.
pub fn readings(path: &[u8]) -> Option<Vec<Vec<u8>>> {
    let path = without_origin(before(path, b"?#"));
    if !path.starts_with(b"/") || holds_control(path) {
        return None;
    }
    let mut readings = vec![path.to_ascii_lowercase()];
    let mut text = path.to_vec();
    for _ in 0..=ROUNDS {
        let differ = text.windows(2).any(|pair| pair == b"..");
        let parents = [Parents::Resolved, Parents::Kept];
        for parents in parents.into_iter().take(if differ { 2 } else { 1 }) {
            let tidy = tidied(&text, parents);
            readings.push([&tidy[..], b"/"].concat());
            readings.push(tidy);
        }
        let decoded = unescaped(&text);
        if decoded == text {
            return Some(readings);
        }
        if holds_control(&decoded) {
            return None;
        }
        text = decoded;
    }
    None
}

/// The path of "http://host/path".
fn without_origin(path: &[u8]) -> &[u8] {
    const MARK: &[u8] = b"://";
    if path.starts_with(b"/") {
        return path;
    }
    let Some(mark) = path.windows(MARK.len()).position(|window| window == MARK) else {
        return path;
    };
    let host = &path[mark + MARK.len()..];
    match host.iter().position(|&byte| byte == b'/') {
        Some(slash) => &host[slash..],
        None => b"/",
    }
}

enum Parents {
    Resolved,
    Kept,
}

/// Segments without parameters (";v=1"), empty ones and "." left out, ".." resolved or kept, no
/// query, no slash at the end, lower case.
fn tidied(path: &[u8], parents: Parents) -> Vec<u8> {
    let mut out: Vec<&[u8]> = Vec::new();
    for segment in before(path, b"?#").split(|byte| b"/\\".contains(byte)) {
        match (before(segment, b";"), &parents) {
            (b"" | b".", _) => {}
            (b"..", Parents::Resolved) => {
                out.pop();
            }
            (segment, _) => out.push(segment),
        }
    }
    out.iter()
        .flat_map(|segment| [b"/", *segment].concat())
        .collect::<Vec<_>>()
        .to_ascii_lowercase()
}

/// One round of percent-decoding; what is no escape stays. Two-byte overlong forms of ASCII
/// (C0 AF for a slash) become the character that old decoders made of them.
fn unescaped(path: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(path.len());
    let mut rest = path;
    while let [first, tail @ ..] = rest {
        let (byte, tail) = match rest {
            [b'%', high, low, tail @ ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, tail),
                _ => (b'%', &rest[1..]),
            },
            _ => (*first, tail),
        };
        match out.last_mut() {
            Some(lead @ (0xC0 | 0xC1)) if byte & 0xC0 == 0x80 => {
                *lead = (*lead & 1) << 6 | (byte & 0x3F);
            }
            _ => out.push(byte),
        }
        rest = tail;
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// The host of an authority: no user, no port, no dot at the end, lower case.
pub fn host(authority: &[u8]) -> Vec<u8> {
    let user = authority.iter().rposition(|&byte| byte == b'@');
    let host = user.map_or(authority, |user| &authority[user + 1..]);
    let bracket = host.iter().position(|&byte| byte == b']').filter(|_| host.starts_with(b"["));
    let mut host = match bracket {
        Some(bracket) => &host[..=bracket],
        None => before(host, b":"),
    };
    while let [rest @ .., b'.'] = host {
        host = rest;
    }
    host.to_ascii_lowercase()
}

/// Whether a host is covered by patterns: "*.example.com", "example.*", "*", or a host. No
/// patterns: every host. A request without a host is covered: it could be for any.
pub fn covers_host(patterns: &[Vec<u8>], host: &[u8]) -> bool {
    let covered = |pattern: &Vec<u8>| match pattern.as_slice() {
        [b'*', end @ ..] => host.ends_with(end),
        [start @ .., b'*'] => host.starts_with(start),
        whole => host == whole,
    };
    patterns.is_empty() || host.is_empty() || patterns.iter().any(covered)
}

pub fn holds_control(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_control)
}

/// The part of a text in front of the first of these bytes.
fn before<'a>(text: &'a [u8], ends: &[u8]) -> &'a [u8] {
    let end = text.iter().position(|byte| ends.contains(byte));
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests;
