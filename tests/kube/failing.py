"""A place as any other, except that its cluster fails where and how it is told."""

from __future__ import annotations

from contextlib import contextmanager

from clusters import apply, gate
from clusters.gateway import Gateway
from clusters.kube import channels, cluster, gateway_pods, istiod, relay_pod, rollout, tunnel
from clusters.pilot import documents
from clusters.proxy import AdminUnreachable
from clusters.waiting import TimedOut

#: In the middle of a check, too, these are no verdict about a filter.
LOSSES = {
    type(error).__name__: error
    for error in (
        apply.Unreachable("the API did not answer"),
        channels.Untold("istiod does not tell"),
        gateway_pods.NoGateway("no pod of the gateway is ready"),
        istiod.IstiodUnreachable("no istiod answers"),
        relay_pod.RelayFailed("the relay does not run"),
        rollout.NoDeployment("2 Deployments make such pods"),
        tunnel.TunnelBroken("the tunnel broke"),
    )
}
ERRORS = LOSSES | {
    type(error).__name__: error
    for error in (
        AdminUnreachable("the proxy did not answer"),
        apply.Refused("listing pods", 403, "forbidden"),
        cluster.NoGatewayAnswer("the gateway answers 404"),
        documents.InvalidDocument("a webhook said no"),
        gate.NotProven("it is not proven"),
        TimedOut("the listener", within=3, attempts=7, last="nothing"),
    )
}


class Place:
    """Its cluster raises one of the errors at the start, at a mark, in a check or at the end."""

    def __init__(self, at, by):
        self.at, self.error = at, ERRORS[by]
        self.gateway = Gateway("http://127.0.0.1:1")

    def reach(self, at):
        if at == self.at:
            raise self.error

    @contextmanager
    def running(self, base, folder):
        self.reach("start")
        yield self
        self.reach("end")

    def mark(self):
        self.reach("mark")

    def evidence(self, folder):
        folder.mkdir(parents=True)
