use super::{covers_host, host, readings, Match};

fn covers(matching: Match, pattern: &str, path: &[u8]) -> bool {
    matching.covers(pattern.as_bytes(), readings(path).as_deref())
}

#[test]
fn a_rule_covers_every_spelling_of_its_path() {
    let spellings = [
        "/api",
        "/api?x=1",
        "/api?",
        "/api#f",
        "/api/",
        "/api%3Fx",
        "/API",
        "//api",
        "/./api",
        "/x/../api",
        "/api/.",
        "/api//",
        "/\\api",
        "/%61pi",
        "/%2561pi",
        "/%252561pi",
        "/%2Fapi",
        "/%5Capi",
        "/%2e/api",
        "/x/%2e%2e/api",
        "/x%2F..%2Fapi",
        "/;v=1/api",
        "/api;v=1",
        "/x/..;/api",
        "/x/..%c0%afapi",
        "/%c1%a1pi",
        "http://foo.com/api",
        "HTTP://foo.com//api?x",
        "/../../api",
        "/api%2f",
        "/api%23f",
        "/api%3bv=1",
    ];
    for path in spellings {
        assert!(covers(Match::Exact, "/api", path.as_bytes()), "{path}");
    }
    let others = [
        (Match::Prefix, "/api", "/apix"),
        (Match::Prefix, "/", "//"),
        (Match::Prefix, "/api/", "/api"),
        (Match::Prefix, "/api", "/api/../public"),
        (Match::Prefix, "/api", "//api/../public"),
        (Match::Exact, "/api/", "/api"),
        (Match::Exact, "/", "/"),
        (Match::Exact, "/", "http://foo.com"),
        (Match::Suffix, "/api", "/x/api?y"),
        (Match::Suffix, "/api", "/x/api/"),
        (Match::Suffix, ".json", "/x.JSON"),
        (Match::Prefix, "/é", "/%c3%a9x"),
    ];
    for (matching, pattern, path) in others {
        assert!(covers(matching, pattern, path.as_bytes()), "{pattern} {path}");
    }
}

#[test]
fn a_rule_covers_no_other_path() {
    let others = [
        (Match::Prefix, "/api", "/"),
        (Match::Prefix, "/api", "/x/api"),
        (Match::Prefix, "/api/", "/apix"),
        (Match::Prefix, "/api", "/100%zz%2"),
        (Match::Prefix, "/api", "/caf%e9"),
        (Match::Prefix, "/api", "/%25"),
        (Match::Exact, "/api", "/apix"),
        (Match::Exact, "/api", "/api/x"),
        (Match::Exact, "/api", "/api/.."),
        (Match::Exact, "/", "/x"),
        (Match::Exact, "/api", "http://foo.com/x"),
        (Match::Suffix, "/api", "/other?x=/api"),
        (Match::Suffix, "/api", "/xapi"),
        (Match::Suffix, "/api", "/api/x"),
    ];
    for (matching, pattern, path) in others {
        assert!(!covers(matching, pattern, path.as_bytes()), "{pattern} {path}");
    }
    assert!(!covers(Match::Prefix, "/api", b"/caf\xe9"));
    assert!(!covers(Match::Prefix, "/api", b"/%25252561")); // an "a" under four escapes
}

#[test]
fn a_path_without_a_reading_is_covered_by_every_rule() {
    let paths: [&[u8]; 10] = [
        b"",
        b"*",
        b"api",
        b"\\api",
        b"?x",
        b"/x%00",
        b"/x%0d%0a",
        b"/x%7f",
        b"/x\x01",
        b"/%2525252561",
    ];
    for path in paths {
        assert_eq!(readings(path), None, "{}", path.escape_ascii());
        assert!(covers(Match::Exact, "/api", path));
    }
}

#[test]
fn a_rule_covers_every_spelling_of_its_host_and_no_other() {
    let covered = [
        ("foo.com", "foo.com:8080"),
        ("foo.com", "foo.com:abc"),
        ("foo.com", "FOO.com"),
        ("foo.com", "foo.com.:80"),
        ("foo.com", "user:pass@foo.com:80"),
        ("foo.com", "foo.com:80:90"),
        ("foo.com", "foo.com:80]"),
        ("*.foo.com", "a.foo.com"),
        ("*foo.com", "evilfoo.com"),
        ("foo.*", "foo.org"),
        ("*", "anything"),
        ("foo.com", ""),
        ("[::1]", "[::1]:80"),
        ("foo.com", "::1"),
    ];
    for (pattern, authority) in covered {
        let patterns = [pattern.as_bytes().to_vec()];
        assert!(covers_host(&patterns, &host(authority.as_bytes())), "{pattern} {authority}");
    }
    assert!(covers_host(&[], b"foo.com"));
    let open = [
        ("foo.com", "bar.com"),
        ("foo.com", "a.foo.com"),
        ("foo.com", "foo.com.evil"),
        ("*.foo.com", "foo.com"),
        ("foo.*", "a.foo.org"),
        ("[::1]", "[::2]:80"),
    ];
    for (pattern, authority) in open {
        let patterns = [pattern.as_bytes().to_vec()];
        assert!(!covers_host(&patterns, &host(authority.as_bytes())), "{pattern} {authority}");
    }
}
