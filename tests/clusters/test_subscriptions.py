"""The ADS conversation, without gRPC: what a proxy asks and which answers that calls for."""

from clusters.pilot import protos
from clusters.pilot.subscriptions import Packed, Stream


def listener(name: str = "a", stat: str = "") -> Packed:
    return Packed.of(name, {"name": name, "stat_prefix": stat}, protos.LDS)


def extension(name: str, content: str = "") -> Packed:
    body = {
        "name": name,
        "typed_config": {
            "@type": "type.googleapis.com/google.protobuf.StringValue",
            "value": content,
        },
    }
    return Packed.of(name, body, protos.ECDS)


def store(**extensions: Packed):
    return {protos.ECDS: extensions}


def ask(stream, *names, nonce="", error="", held, type_url=protos.ECDS):
    return stream.request(type_url, nonce=nonce, names=names, error=error, store=held)


def names(answers):
    return [[packed.name for packed in answer.resources] for answer in answers]


def test_a_first_request_gets_what_it_names():
    stream, held = Stream(), store(x=extension("x"), y=extension("y"))

    assert names(ask(stream, "x", held=held)) == [["x"]]
    assert not stream.settled()


def test_an_acknowledgement_calls_for_nothing():
    stream, held = Stream(), store(x=extension("x"))
    [answer] = ask(stream, "x", held=held)

    assert ask(stream, "x", nonce=answer.nonce, held=held) == []
    assert stream.settled()
    assert stream.refusals() == ()


def test_names_added_under_an_old_nonce_are_answered():
    stream, held = Stream(), store(x=extension("x"), y=extension("y"))
    [answer] = ask(stream, "x", held=held)
    ask(stream, "x", nonce=answer.nonce, held=held)

    assert names(ask(stream, "x", "y", nonce=answer.nonce, held=held)) == [["y"]]


def test_only_changed_content_is_sent_and_one_extension_per_answer():
    stream, held = Stream(), store(x=extension("x"), y=extension("y"), z=extension("z"))
    ask(stream, "x", "y", "z", held=held)
    changed = store(x=extension("x", "1"), y=extension("y"), z=extension("z", "1"))

    assert names(stream.due(changed)) == [["x"], ["z"]]
    assert stream.due(changed) == []


def cluster(name: str, stat: str = "") -> Packed:
    return Packed.of(name, {"name": name, "alt_stat_name": stat}, protos.CDS)


def endpoints(name: str) -> Packed:
    return Packed.of(name, {"cluster_name": name}, protos.EDS)


def test_changed_clusters_are_followed_by_their_endpoints_which_the_proxy_waits_for():
    stream, held = Stream(), {protos.CDS: {"a": cluster("a")}, protos.EDS: {"a": endpoints("a")}}
    ask(stream, type_url=protos.CDS, held=held)
    ask(stream, "a", type_url=protos.EDS, held=held)
    assert stream.due(held) == []

    answers = stream.due(held | {protos.CDS: {"a": cluster("a", "changed")}})

    assert [answer.type_url for answer in answers] == [protos.CDS, protos.EDS]
    assert names(answers) == [["a"], ["a"]]


def test_a_refusal_holds_the_proxys_words_and_stands_until_other_content_comes():
    stream, held = Stream(), store(x=extension("x", "bad"))
    [answer] = ask(stream, "x", held=held)
    ask(stream, "x", nonce=answer.nonce, error="Unable to create\n", held=held)

    assert [(r.names, r.text) for r in stream.refusals()] == [(("x",), "Unable to create")]
    assert stream.due(held) == [], "refused bytes must never be sent again: Envoy would ACK them"
    assert stream.refusals()

    stream.due(store(x=extension("x", "good")))
    assert stream.refusals() == ()


def test_a_name_without_a_resource_gets_an_empty_answer_and_counts_as_awaited():
    stream = Stream()

    assert names(ask(stream, "x", held={})) == [[]]
    assert stream.unanswered() == ("x",)


def test_a_name_subscribed_anew_starts_from_nothing():
    stream, held = Stream(), store(x=extension("x"))
    [answer] = ask(stream, "x", held=held)
    ask(stream, nonce=answer.nonce, held=held)

    assert names(ask(stream, "x", nonce=answer.nonce, held=held)) == [["x"]]


def test_listeners_are_sent_whole_when_one_of_them_changed():
    stream, held = Stream(), {protos.LDS: {"a": listener("a"), "b": listener("b")}}
    [answer] = ask(stream, held=held, type_url=protos.LDS)
    ask(stream, nonce=answer.nonce, held=held, type_url=protos.LDS)

    assert names(stream.due({protos.LDS: {"a": listener("a", "new"), "b": listener("b")}})) == [
        ["a", "b"]
    ]


def test_removing_the_last_listener_sends_an_empty_answer():
    stream, held = Stream(), {protos.LDS: {"a": listener("a")}}
    ask(stream, held=held, type_url=protos.LDS)

    assert names(stream.due({protos.LDS: {}})) == [[]]


def test_the_order_is_istiods():
    stream = Stream()
    ask(stream, held={}, type_url=protos.LDS)
    ask(stream, held={}, type_url=protos.CDS)
    cluster = Packed.of("c", {"name": "c"}, protos.CDS)
    held = {protos.LDS: {"a": listener("a")}, protos.CDS: {"c": cluster}}

    assert [answer.type_url for answer in stream.due(held)] == [protos.CDS, protos.LDS]


def test_a_type_nobody_asked_for_is_not_pushed():
    assert Stream().due(store(x=extension("x"))) == []
