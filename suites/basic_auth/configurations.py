"""Configurations that the checks use, and those that a filter must refuse."""

from __future__ import annotations

import json
from typing import Any

#: What the published EnvoyFilter says.
PUBLISHED: dict[str, Any] = {
    "basic_auth_rules": [
        {
            "prefix": "/productpage",
            "request_methods": ["GET", "POST"],
            "credentials": ["ok:test", "YWRtaW4zOmFkbWluMw=="],
        }
    ]
}


def rule(**changed: Any) -> dict[str, Any]:
    """Return a rule: /productpage, GET, ok:test, with these keys changed.

    A key given as None is left out.
    """
    complete = {
        "prefix": "/productpage",
        "request_methods": ["GET"],
        "credentials": ["ok:test"],
    } | changed
    return {key: value for key, value in complete.items() if value is not None}


def protecting(**changed: Any) -> dict[str, Any]:
    """Return a configuration of one such rule."""
    return {"basic_auth_rules": [rule(**changed)]}


def _text(**changed: Any) -> str:
    return json.dumps(protecting(**changed), ensure_ascii=False)


_GOOD = json.dumps(PUBLISHED)

#: What the published plugin refuses too (its onConfigure returns false), by what is wrong.
BROKEN: dict[str, str] = {
    "no JSON": "basic_auth_rules",
    "JSON cut short": _GOOD[:-1],
    "something after the JSON": _GOOD + "}",
    "a comment": "// rules\n" + _GOOD,
    "a trailing comma": _GOOD[:-1] + ",}",
    "null": "null",
    "a list": "[" + _GOOD + "]",
    "a string": json.dumps(_GOOD),
    "rules null": '{"basic_auth_rules": null}',
    "rules an object": '{"basic_auth_rules": {}}',
    "rules of strings": '{"basic_auth_rules": ["/productpage"]}',
    "no path": _text(prefix=None),
    "two paths": _text(exact="/productpage"),
    "path null": '{"basic_auth_rules": [{"prefix": null, "request_methods": ["GET"],'
    ' "credentials": ["ok:test"]}]}',
    "path a number": _text(prefix=1),
    "no methods": _text(request_methods=None),
    "methods empty": _text(request_methods=[]),
    "methods a string": _text(request_methods="GET"),
    "methods numbers": _text(request_methods=[1]),
    "no credentials": _text(credentials=None),
    "credentials empty": _text(credentials=[]),
    "credentials a string": _text(credentials="ok:test"),
    "credentials numbers": _text(credentials=[1]),
    "credential an empty string": _text(credentials=[""]),
    "credential base64 of nothing": _text(credentials=["=="]),
    "credential one base64 digit": _text(credentials=["A"]),
    "credential outside base64": _text(credentials=["user-pass"]),
    "credential base64 for URLs": _text(credentials=["__8="]),
    "one good and one bad credential": _text(credentials=["ok:test", "user-pass"]),
    "hosts null": '{"basic_auth_rules": [{"prefix": "/productpage", "request_methods": ["GET"],'
    ' "credentials": ["ok:test"], "hosts": null}]}',
    "hosts a string": _text(hosts="shop.example"),
    "hosts numbers": _text(hosts=[1]),
    "realm a number": json.dumps(PUBLISHED | {"realm": 1}),
    "realm null": json.dumps(PUBLISHED | {"realm": None}),
    "a bad rule after a good one": json.dumps(
        {"basic_auth_rules": [*PUBLISHED["basic_auth_rules"], {"prefix": "/login"}]}
    ),
}

#: What the published plugin takes, and then leaves routes open that the author thinks closed.
OPEN: dict[str, str] = {
    "nothing": "",
    "no rules": "{}",
    "rules empty": '{"basic_auth_rules": []}',
    "rules misspelt": _GOOD.replace("basic_auth_rules", "basic_auth_rule"),
    "unknown key beside the rules": json.dumps(PUBLISHED | {"rules": []}),
    "unknown key in a rule": _text(methods=["POST"]),
    "hosts misspelt": _text(host=["shop.example"]),
    "rules twice": _GOOD[:-1] + ', "basic_auth_rules": []}',
    "prefix empty": _text(prefix=""),
    "exact empty": _text(prefix=None, exact=""),
    "suffix empty": _text(prefix=None, suffix=""),
    "prefix without slash": _text(prefix="productpage"),
    "exact without slash": _text(prefix=None, exact="productpage"),
    "prefix with a query": _text(prefix="/productpage?u=normal"),
    "prefix with an escape": _text(prefix="/product%70age"),
    "prefix with two slashes": _text(prefix="//productpage"),
    "prefix with dots": _text(prefix="/static/../productpage"),
    "method in lower case": _text(request_methods=["get"]),
    "method a wildcard": _text(request_methods=["*"]),
    "method empty": _text(request_methods=[""]),
    "method with a blank": _text(request_methods=["GET "]),
    "two methods in one": _text(request_methods=["GET,POST"]),
    "host with a port": _text(hosts=["shop.example:443"]),
    "host with a scheme": _text(hosts=["https://shop.example"]),
    "host with a star inside": _text(hosts=["shop.*.example"]),
    "host with two stars": _text(hosts=["*shop*"]),
    "host empty": _text(hosts=[""]),
}

#: What the published plugin takes as credentials that nobody can mean.
HOLLOW: dict[str, str] = {
    "base64 of no colon": _text(credentials=["password"]),
    "only a colon": _text(credentials=[":"]),
    "no user": _text(credentials=[":test"]),
    "no password": _text(credentials=["ok:"]),
    "a line end": _text(credentials=["ok:test\n"]),
    "one good and one hollow": _text(credentials=["ok:test", ":"]),
}

_SPELT = protecting(credentials=["ok:spelt"])

#: Spellings of one valid configuration: GET of /productpage asks for ok:spelt.
SPELLINGS: dict[str, str] = {
    "on one line": json.dumps(_SPELT),
    "indented": json.dumps(_SPELT, indent=4),
    "without blanks": json.dumps(_SPELT, separators=(",", ":")),
    "with line ends of Windows": json.dumps(_SPELT, indent=2).replace("\n", "\r\n"),
    "white space around": f"\n\t {json.dumps(_SPELT)} \n",
    "keys in another order": json.dumps(_SPELT, sort_keys=True),
    "escaped characters": json.dumps(_SPELT).replace("/productpage", "\\/product\\u0070age"),
    "realm first": json.dumps({"realm": "istio"} | _SPELT),
    "hosts empty": _text(credentials=["ok:spelt"], hosts=[]),
    "a method twice": _text(credentials=["ok:spelt"], request_methods=["GET", "POST", "GET"]),
    "a credential twice": _text(credentials=["ok:spelt", "ok:spelt"]),
    "HEAD beside GET": _text(credentials=["ok:spelt"], request_methods=["HEAD", "GET"]),
    "base64 with padding": _text(credentials=["b2s6c3BlbHQ="]),
}
