"""What is kept of a failed check says nothing that was entrusted to a Secret."""

from clusters.evidence import redacted

SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "type": "kubernetes.io/dockerconfigjson",
    "metadata": {"name": "pull", "namespace": "istio-system", "annotations": {"last": "hush"}},
    "stringData": {".dockerconfigjson": "hush"},
    "data": {"other": "aHVzaA=="},
}


def test_a_secret_is_kept_without_its_content():
    kept = redacted(SECRET)

    assert "hush" not in str(kept)
    assert "aHVzaA" not in str(kept)
    assert (kept["type"], kept["metadata"]["name"]) == ("kubernetes.io/dockerconfigjson", "pull")
    assert list(kept["stringData"]) == [".dockerconfigjson"]
    assert SECRET["stringData"] == {".dockerconfigjson": "hush"}, "the original stays as it is"


def test_anything_else_is_kept_as_it_is():
    other = {"kind": "ConfigMap", "metadata": {"annotations": {"a": "b"}}, "data": {"c": "d"}}

    assert redacted(other) == other
