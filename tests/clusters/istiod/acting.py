"""A filter that says hello, and whom it runs in."""

#: Of both lines of releases whose binaries are built.
RELEASES = ("1.24.0", "1.31")
HELLO = '{"replace": {"hello": "world"}}'


def says_hello(gateway):
    return gateway.send("GET", "/productpage").header("hello") == "world"


def pids(place):
    own = place._session
    return (own.istiod.process.child.pid, own.agent.process.child.pid, own.agent.envoy_pid())
