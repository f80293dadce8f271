//! Credentials as a client gives them, and whether they are the right ones.

use std::hint::black_box;

use base64::prelude::{Engine, BASE64_STANDARD};

const SCHEME: &[u8] = b"basic ";

/// What an `Authorization` header gives: "user:password", or nothing if it is not `Basic`, one
/// space and padded base64. The name of the scheme has no case (RFC 9110 section 11.1).
pub fn given(authorization: &[u8]) -> Option<Vec<u8>> {
    if !authorization.get(..SCHEME.len())?.eq_ignore_ascii_case(SCHEME) {
        return None;
    }
    BASE64_STANDARD.decode(&authorization[SCHEME.len()..]).ok()
}

/// Whether the credentials are among the accepted ones. Compares with each of them, also after one
/// has matched.
pub fn accepted(secrets: &[Vec<u8>], given: &[u8]) -> bool {
    secrets.iter().fold(false, |any, secret| any | same(secret, given))
}

/// Takes the same time wherever the two differ; only their lengths show.
fn same(secret: &[u8], given: &[u8]) -> bool {
    let mut differences = secret.len() ^ given.len();
    for (byte, expected) in given.iter().zip(secret.iter().cycle()) {
        // Without the black box the compiler might leave the loop early.
        differences = black_box(differences | usize::from(byte ^ expected));
    }
    differences == 0
}

#[cfg(test)]
mod tests {
    use super::{accepted, given};

    #[test]
    fn credentials_are_the_scheme_one_space_and_padded_base64() {
        let right: &[&[u8]] =
            &[b"Basic b2s6dGVzdA==", b"basic b2s6dGVzdA==", b"BASIC b2s6dGVzdA=="];
        for header in right {
            assert_eq!(given(header).unwrap(), b"ok:test");
        }
        assert_eq!(given(b"Basic ").unwrap(), b"");
        let wrong: &[&[u8]] = &[
            b"",
            b"Basic",
            b"Bearer b2s6dGVzdA==",
            b"Basic\tb2s6dGVzdA==",
            b"Basic  b2s6dGVzdA==",
            b" Basic b2s6dGVzdA==",
            b"Basic b2s6dGVzdA== ",
            b"Basic b2s6dGVzdA",
            b"Basic b2s6dGVzdA=",
            b"Basic b2s6dGVzdA===",
            b"Basic ok:test",
            b"Basic __8=",
            b"Basic ====",
            b"Basic b2s6dGVzdB==",
            b"Basic b2s6\ndGVzdA==",
            b"Basic \xff\xff\xff\xff",
        ];
        for header in wrong {
            assert_eq!(given(header), None, "{}", header.escape_ascii());
        }
    }

    #[test]
    fn only_the_same_credentials_are_accepted() {
        let secrets = [b"ok:test".to_vec(), b"a:b".to_vec()];
        for right in ["ok:test", "a:b"] {
            assert!(accepted(&secrets, right.as_bytes()));
        }
        for wrong in ["", "o", "ok:tes", "ok:test2", "ok:testok:test", "Ok:test", "a:ba:b"] {
            assert!(!accepted(&secrets, wrong.as_bytes()), "{wrong}");
        }
        assert!(!accepted(&[], b""));
    }
}
