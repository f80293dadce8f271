use super::Rules;

/// A configuration with one rule, its members as written.
fn with(rule: &str) -> String {
    format!(r#"{{"basic_auth_rules": [{{{rule}}}]}}"#)
}

/// The same, where the rule is sound but for one member.
fn but(member: &str) -> String {
    let sound = [r#""prefix": "/p""#, r#""request_methods": ["GET"]"#, r#""credentials": ["a:b"]"#];
    let key = member.split(':').next().unwrap();
    let others = sound.iter().filter(|other| !other.starts_with(key));
    with(&[member].iter().chain(others).copied().collect::<Vec<_>>().join(", "))
}

#[test]
fn a_sound_configuration_is_read() {
    let text = r#"{"realm": "a\"b\\c", "basic_auth_rules": [{
        "exact": "/Page",
        "hosts": ["*", "*.A.com", "a.*", "A.com.", "[::1]"],
        "request_methods": ["GET", "M-SEARCH"],
        "credentials": ["a:b:c", "ü:ñ", "YWRtaW4zOmFkbWluMw==", "YWRtaW4zOmFkbWluMw"]
    }]}"#;
    let rules = Rules::read(text.as_bytes()).unwrap();
    assert_eq!(rules.challenge, r#"Basic realm="a\"b\\c""#);
    let [rule] = &rules.list[..] else { panic!("{rules:?}") };
    assert_eq!(rule.path, b"/page");
    assert_eq!(rule.hosts, ["*", "*.a.com", "a.*", "a.com", "[::1]"].map(|h| h.as_bytes()));
    assert_eq!(rule.methods, ["get", "head", "m-search"].map(|m| m.as_bytes()));
    let same = ["a:b:c", "ü:ñ", "admin3:admin3", "admin3:admin3"];
    assert_eq!(rule.credentials, same.map(|c| c.as_bytes()));
    assert_eq!(
        Rules::read(but(r#""hosts": []"#).as_bytes()).unwrap().challenge,
        r#"Basic realm="istio""#
    );
}

#[test]
fn a_configuration_that_leaves_something_open_is_refused_with_the_reason() {
    let nothing = "there are no basic_auth_rules, so nothing would be protected";
    let table = [
        ("", "there is none, so nothing would be protected"),
        ("{}", nothing),
        (r#"{"basic_auth_rules": []}"#, nothing),
        (r#"{"realm": "x"}"#, nothing),
        ("[]", "must be an object, is a list"),
        (
            r#"{"basic_auth_rule": []}"#,
            "the unknown key \"basic_auth_rule\"; known are basic_auth_rules and realm",
        ),
        (r#"{"basic_auth_rules": {}}"#, "basic_auth_rules must be a list of rules, is an object"),
        (r#"{"basic_auth_rules": [1]}"#, "basic_auth_rules[0] must be an object, is a number"),
        (r#"{"realm": 1}"#, "realm must be a string, is a number"),
        (r#"{"realm": "a\nb"}"#, "realm holds a control character"),
    ];
    for (text, reason) in table {
        assert_eq!(Rules::read(text.as_bytes()).unwrap_err().to_string(), reason, "{text}");
    }
    let twice = Rules::read(br#"{"realm": "x", "realm": "y"}"#).unwrap_err().to_string();
    assert!(twice.starts_with("not valid JSON: a key for the second time"));
}

#[test]
fn a_rule_that_cannot_do_what_its_author_means_is_refused_with_the_reason() {
    let character = "has a character ('%', '\\', ';', control) that paths are compared without";
    let segment = "has an empty segment, '.' or '..', which paths are compared without";
    let query = "has a '?' or '#'; rules are about the path in front of it";
    let method = "is no method; methods are tokens in upper case, there is no wildcard";
    let base64 = "is neither user:password nor base64 of it";
    let port = "has a port, or is an IPv6 address without brackets";
    let star = "has a '*' that is neither the first nor the last character, or more than one";
    let table = [
        (r#""prefix": null"#, ".prefix must be a string, is null"),
        (r#""prefix": """#, ".prefix is empty"),
        (r#""prefix": "api""#, ".prefix must begin with '/'"),
        (r#""prefix": "/a?b""#, &format!(".prefix {query}")),
        (r#""prefix": "/a#b""#, &format!(".prefix {query}")),
        (r#""prefix": "/a%20b""#, &format!(".prefix {character}")),
        (r#""prefix": "/a;b""#, &format!(".prefix {character}")),
        (r#""prefix": "/a\n""#, &format!(".prefix {character}")),
        (r#""prefix": "//""#, &format!(".prefix {segment}")),
        (r#""prefix": "/a//""#, &format!(".prefix {segment}")),
        (r#""prefix": "/a/..""#, &format!(".prefix {segment}")),
        (r#""exact": "/p", "suffix": "x""#, ".suffix is one path too many"),
        (r#""request_methods": []"#, ".request_methods is empty"),
        (r#""request_methods": "GET""#, ".request_methods must be a list of strings, is a string"),
        (r#""request_methods": ["get"]"#, &format!(".request_methods[0] {method}")),
        (r#""request_methods": ["GET", "*"]"#, &format!(".request_methods[1] {method}")),
        (r#""credentials": []"#, ".credentials is empty"),
        (r#""credentials": [1]"#, ".credentials[0] must be a string, is a number"),
        (r#""credentials": [""]"#, ".credentials[0] is empty"),
        (r#""credentials": ["="]"#, &format!(".credentials[0] {base64}")),
        (r#""credentials": ["b2s6dGVzdA="]"#, &format!(".credentials[0] {base64}")),
        (r#""credentials": ["b2s6dGVzdB=="]"#, &format!(".credentials[0] {base64}")),
        (
            r#""credentials": ["password"]"#,
            ".credentials[0] is base64 of something without a colon",
        ),
        (r#""credentials": [":b"]"#, ".credentials[0] has an empty user name"),
        (r#""credentials": ["a:"]"#, ".credentials[0] has an empty password"),
        (
            r#""credentials": ["b2s6dGVzdAo="]"#,
            ".credentials[0] holds a control character, perhaps a line end",
        ),
        (r#""hosts": null"#, ".hosts must be a list of strings, is null"),
        (r#""hosts": ["."]"#, ".hosts[0] is no host"),
        (r#""hosts": ["a@foo.com"]"#, ".hosts[0] is no host"),
        (r#""hosts": ["foo.com:80"]"#, &format!(".hosts[0] {port}")),
        (r#""hosts": ["::1"]"#, &format!(".hosts[0] {port}")),
        (r#""hosts": ["*oo*"]"#, &format!(".hosts[0] {star}")),
        (r#""hosts": ["foo.*."]"#, &format!(".hosts[0] {star}")),
        (r#""hosts": ["f*o"]"#, &format!(".hosts[0] {star}")),
    ];
    for (member, reason) in table {
        let text = if member.starts_with("\"exact\"") { with(member) } else { but(member) };
        let wrong = Rules::read(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(wrong, format!("basic_auth_rules[0]{reason}"), "{text}");
    }
    for (rule, what) in [
        (r#""request_methods": ["GET"], "credentials": ["a:b"]"#, "prefix, exact or suffix"),
        (r#""prefix": "/p", "credentials": ["a:b"]"#, "request_methods"),
        (r#""prefix": "/p", "request_methods": ["GET"]"#, "credentials"),
    ] {
        let wrong = Rules::read(with(rule).as_bytes()).unwrap_err().to_string();
        assert_eq!(wrong, format!("basic_auth_rules[0] has no {what}"));
    }
}

#[test]
fn no_refusal_quotes_a_credential() {
    for text in [but(r#""ok:s3cret": 1"#), but(r#""credentials": "s3cret""#)] {
        assert!(!Rules::read(text.as_bytes()).unwrap_err().to_string().contains("s3cret"));
    }
}
