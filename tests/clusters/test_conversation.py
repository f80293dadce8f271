"""What istiod's log tells of a change on its way to the proxy; the texts are made up here."""

import pytest

from clusters.local.conversation import Conversation

TIME = "2026-11-25T01:00:00.000000Z"
NODE, CONNECTION = "gateway.istio-system", "gateway.istio-system-1"
FILTER, CONFIG = "EnvoyFilter/istio-system/x", "EnvoyFilter/istio-system/x-config"


def line(scope, text, level="info"):
    return f"{TIME}\t{level}\t{scope}\t{text}"


def triggered(*documents):
    return line("push", f"push triggered configs=[{' '.join(documents)}] reasons=[config]", "debug")


def debounced(events):
    told = f"Push debounce stable[7] {events} for config {FILTER} and more: 10ms since last change"
    return line("ads", told)


def pushing(number):
    told = f"XDS: Pushing Services:1 ConnectedEndpoints:1 Version:{TIME[:19]}Z/{number}"
    return line("ads", told)


def nonce(number, mark="a"):
    return f"{TIME[:19]}Z/{number}{mark}"


def sent(kind, number, mark="a", resources=1):
    told = (
        f"{kind}: PUSH for node:{NODE} resources:{resources} removed:0 size:9B "
        f"nonce:{nonce(number, mark)} version:{TIME[:19]}Z/{number}"
    )
    return line("delta", told)


def requested(kind, answer_to="", sub="", unsub=""):
    subs, unsubs = len(sub.split()), len(unsub.split())
    return [
        line(
            "delta",
            f"ADS:{kind}: REQ {CONNECTION} resources sub:{subs} unsub:{unsubs} nonce:{answer_to}",
            "debug",
        ),
        line(
            "delta",
            f"ADS:{kind} REQUEST {CONNECTION}: sub:[{sub}] unsub:[{unsub}] initial:map[]",
            "debug",
        ),
    ]


def refused(kind, answer_to, text):
    first = requested(kind, answer_to)[0]
    return [first, line("delta", f"ADS:{kind}: ACK ERROR {CONNECTION} Internal:{text}", "warn")]


def told(*lines):
    """Return a conversation that has heard lines, and lists of lines, in their order."""
    conversation = Conversation(NODE)
    hear(conversation, *lines)
    return conversation


def hear(conversation, *lines):
    for each in lines:
        for one in [each] if isinstance(each, str) else each:
            conversation.read(one)


CONNECTED = [
    line("delta", f"ADS: new delta connection for node:{CONNECTION}"),
    *requested("LDS"),
    sent("LDS", 1),
    *requested("LDS", nonce(1)),
    *requested("RDS", sub="http.8080"),
    sent("RDS", 1),
    *requested("RDS", nonce(1)),
]


def test_nothing_is_missing_where_nothing_changed():
    conversation = told(pushing(1), CONNECTED)
    conversation.expect(())

    assert conversation.missing() == ""


STEPS = [
    ([], f"istiod has not noticed {FILTER}, {CONFIG}"),
    ([triggered(FILTER)], f"istiod has not noticed {CONFIG}"),
    ([triggered(CONFIG)], "istiod has noticed the documents and made no push of them yet"),
    ([debounced(2), pushing(2)], "istiod has not sent RDS of push 2 (last 1)"),
    ([sent("LDS", 2)], "istiod has not sent RDS of push 2 (last 1); the proxy has not answered"),
    ([sent("RDS", 2)], "the proxy has not answered LDS of push 2; the proxy has not answered RDS"),
    (requested("LDS", nonce(2)), "the proxy has not answered RDS of push 2"),
    (requested("ECDS", sub="x"), "istiod has not answered the proxy's question for ECDS"),
    ([sent("ECDS", 2)], "the agent or the proxy has not answered ECDS of push 2"),
    (requested("RDS", nonce(2)), "the agent or the proxy has not answered ECDS of push 2"),
    (requested("ECDS", nonce(2)), ""),
]


def test_each_step_that_is_missing_is_named():
    conversation = told(pushing(1), CONNECTED)
    conversation.expect((FILTER, CONFIG))
    for lines, missing in STEPS:
        hear(conversation, lines)
        if missing:
            assert missing in conversation.missing(), lines
        else:
            assert conversation.missing() == ""


def test_documents_in_two_pushes_count_with_the_second():
    conversation = told(pushing(1), CONNECTED)
    conversation.expect((FILTER, CONFIG))
    hear(conversation, triggered(FILTER), debounced(1), pushing(2), triggered(CONFIG))
    assert "made no push of them yet" in conversation.missing()

    hear(conversation, debounced(1), pushing(3))
    assert "RDS of push 3" in conversation.missing()


def test_a_later_push_of_something_else_is_not_awaited():
    conversation = told(pushing(1), CONNECTED)
    conversation.expect((FILTER,))
    hear(conversation, triggered(FILTER), debounced(1), pushing(2), sent("LDS", 2), sent("RDS", 2))
    hear(conversation, requested("LDS", nonce(2)), requested("RDS", nonce(2)), pushing(3))

    assert conversation.missing() == ""


def test_a_document_that_was_noticed_too_late_for_a_push_waits_for_the_next():
    conversation = told(pushing(1), CONNECTED)
    conversation.expect((FILTER, CONFIG))
    hear(conversation, triggered(FILTER), triggered(CONFIG), debounced(1), pushing(2))
    assert "made no push of them yet" in conversation.missing()

    hear(conversation, debounced(1), pushing(3))
    assert "push 3" in conversation.missing()


def test_a_push_that_concerns_another_proxy_only_is_over_at_once():
    conversation = told(pushing(1), CONNECTED)
    conversation.expect((FILTER,))
    skipped = line("delta", f"Skipping push to {CONNECTION}, no updates required", "debug")
    hear(conversation, triggered(FILTER), debounced(1), pushing(2), skipped)

    assert conversation.missing() == ""


def test_a_message_that_the_agent_holds_back_is_awaited_though_later_ones_are_answered():
    conversation = told(pushing(1), CONNECTED, requested("ECDS", sub="old"), sent("ECDS", 1))
    hear(conversation, requested("ECDS", nonce(1)), requested("ECDS", sub="x"))
    hear(conversation, sent("ECDS", 1, "slow"))
    conversation.expect(())
    hear(conversation, requested("ECDS", unsub="old"), sent("ECDS", 1, "fast", resources=0))
    hear(conversation, requested("ECDS", nonce(1, "fast")))
    assert "not answered ECDS" in conversation.missing()

    hear(conversation, requested("ECDS", nonce(1, "slow")))
    assert conversation.missing() == ""
    assert conversation.channels["ECDS"].names == {"x"}


def test_a_refusal_is_kept_in_the_proxys_words_of_several_lines():
    conversation = told(pushing(1), CONNECTED, requested("ECDS", sub="x"), sent("ECDS", 1))
    hear(conversation, refused("ECDS", nonce(1), "Unable to create x"), "and why", triggered())

    assert conversation.channels["ECDS"].refusal == "Unable to create x\nand why"
    assert conversation.channels["ECDS"].answered
    assert conversation.channels["ECDS"].refused == {"x"}


def test_a_refusal_outlives_the_same_bytes_and_empty_messages_of_one_change():
    conversation = told(pushing(1), CONNECTED, requested("ECDS", sub="x"))
    conversation.expect(())
    hear(conversation, sent("ECDS", 1), refused("ECDS", nonce(1), "no"))
    hear(conversation, sent("ECDS", 2, resources=0), requested("ECDS", nonce(2)))
    hear(conversation, sent("ECDS", 3), requested("ECDS", nonce(3)))
    assert conversation.channels["ECDS"].refusal == "no"

    conversation.expect((CONFIG,))
    hear(conversation, sent("ECDS", 4, resources=0), requested("ECDS", nonce(4)))
    assert conversation.channels["ECDS"].refusal == "no"
    hear(conversation, sent("ECDS", 5), requested("ECDS", nonce(5)))
    assert conversation.channels["ECDS"].refusal == ""


def test_a_refused_listener_is_fine_once_another_is_accepted():
    conversation = told(pushing(1), CONNECTED)
    hear(conversation, sent("LDS", 2), refused("LDS", nonce(2), "no"), sent("LDS", 3))
    hear(conversation, requested("LDS", nonce(3)))

    assert conversation.channels["LDS"].refusal == ""


def test_a_proxy_that_connects_anew_begins_anew():
    conversation = told(pushing(1), CONNECTED, requested("ECDS", sub="x"), sent("ECDS", 1))
    hear(conversation, line("delta", f'ADS: "127.0.0.1:1" {CONNECTION} terminated'))
    conversation.expect(())
    assert conversation.missing() == "no proxy is connected to istiod"

    again = f"ADS: new delta connection for node:{NODE}-2"
    hear(conversation, line("delta", again))
    assert (conversation.missing(), conversation.channels) == ("", {})


def test_another_proxy_is_none_of_its_business():
    other = line("delta", "ADS: new delta connection for node:other.istio-system-9")

    assert told(other).connection == ""


CALLED = {
    "WasmPlugin/istio-system/x": [
        "WasmPlugin/istio-system/x",
        "TrafficExtension/istio-system/x~istio-translated-wasmplugin",
    ],
    "ServiceEntry/default/x": ["ServiceEntry/default/host.example"],
    FILTER: [FILTER],
}


@pytest.mark.parametrize(
    ("document", "config"), [(one, each) for one, many in CALLED.items() for each in many]
)
def test_a_document_is_noticed_by_what_istiod_calls_it(document, config):
    conversation = told(pushing(1), CONNECTED)
    conversation.expect((document,))
    hear(conversation, triggered(f"{FILTER}-other", config))

    assert "made no push of them yet" in conversation.missing()


def test_a_document_whose_name_begins_alike_is_another():
    conversation = told(pushing(1), CONNECTED)
    conversation.expect((FILTER,))
    hear(conversation, triggered(CONFIG))

    assert conversation.missing() == f"istiod has not noticed {FILTER}"


def test_a_wasm_plugin_leaves_the_routes_alone():
    conversation = told(pushing(1), CONNECTED)
    conversation.expect(("WasmPlugin/istio-system/x",))
    hear(conversation, triggered("WasmPlugin/istio-system/x"), debounced(1), pushing(2))
    hear(conversation, sent("LDS", 2), requested("LDS", nonce(2)))

    assert conversation.missing() == ""


def test_each_document_is_awaited_in_the_push_that_holds_it():
    plugin = "WasmPlugin/istio-system/p"
    conversation = told(CONNECTED)
    hear(conversation, requested("RDS"), sent("RDS", 1), requested("RDS", nonce(1)))
    hear(conversation, requested("ECDS"), sent("ECDS", 1), requested("ECDS", nonce(1)))
    conversation.expect([FILTER, plugin])
    hear(conversation, triggered(FILTER), debounced(1), pushing(5))
    for kind in ("LDS", "RDS", "ECDS"):
        hear(conversation, sent(kind, 5), requested(kind, nonce(5)))

    assert conversation.missing() == f"istiod has not noticed {plugin}"
    hear(conversation, triggered(plugin), debounced(1), pushing(6))
    assert conversation.missing() == (
        "istiod has not sent LDS of push 6 (last 5); istiod has not sent ECDS of push 6 (last 5)"
    )
    for kind in ("LDS", "ECDS"):
        hear(conversation, sent(kind, 6), requested(kind, nonce(6)))
    assert conversation.missing() == "", "a plugin's push leaves the routes alone"


def test_a_secret_that_istiod_gives_nobody_is_not_waited_for():
    conversation = told(pushing(1), CONNECTED, requested("SDS", sub="kubernetes://shop"))
    conversation.expect(())

    assert conversation.missing() == ""
    assert conversation.channels["SDS"].awaiting
    assert conversation.channels["SDS"].names == {"kubernetes://shop"}
