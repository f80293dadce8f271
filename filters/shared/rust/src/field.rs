//! What may stand in an HTTP header field (RFC 9110 sections 5.1 and 5.6.2).

/// Whether a text is a token: the name of a field, a method, a scheme.
pub fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::is_token;

    #[test]
    fn a_token_has_no_separators_and_no_letters_beyond_ascii() {
        assert!(is_token("x-Tag_1") && is_token("!#$%&'*+-.^_`|~09azAZ"));
        for text in ["", "a b", "a:", "a\0", "grün", "(a)", "a\r\n"] {
            assert!(!is_token(text), "{text:?}");
        }
    }
}
