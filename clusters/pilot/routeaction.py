"""What a VirtualService's HTTP route does, as Envoy's route action (istio.md section 2.5)."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from clusters.pilot import durations, hashing, hosts
from clusters.pilot.headers import Operations, operations
from clusters.pilot.protos import TYPE_PREFIX
from clusters.pilot.upstreams import destination_cluster

if TYPE_CHECKING:
    from clusters.pilot.behaviours import Behaviours
    from clusters.pilot.destinationrules import Rules
    from clusters.pilot.gateways import Server
    from clusters.pilot.services import Service, ServicePort

_PREVIOUS_HOSTS = {
    "name": "envoy.retry_host_predicates.previous_hosts",
    "typed_config": {
        "@type": TYPE_PREFIX
        + "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
    },
}
_PREVIOUS_PRIORITIES = {
    "name": "envoy.retry_priorities.previous_priorities",
    "typed_config": {
        "@type": TYPE_PREFIX
        + "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
        "update_frequency": 2,
    },
}
_RETRY_ON = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"
_STATUSES = {
    301: "MOVED_PERMANENTLY",
    302: "FOUND",
    303: "SEE_OTHER",
    307: "TEMPORARY_REDIRECT",
    308: "PERMANENT_REDIRECT",
}
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Action:
    """Turns the action part of one VirtualService's routes into Envoy's, for one server."""

    __slots__ = ("_behaviours", "_mesh", "_namespace", "_port", "_rules", "_scheme")

    def __init__(
        self,
        namespace: str,
        server: "Server",
        mesh: Mapping[str, "Service"],
        rules: "Rules",
        behaviours: "Behaviours",
    ) -> None:
        self._namespace = namespace
        self._port = server.port
        self._scheme = "https" if server.has_tls_settings else "http"
        self._mesh = mesh
        self._rules = rules
        self._behaviours = behaviours

    def apply(self, route: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of Envoy's Route that say what is done with a request."""
        own = operations(route.get("headers"))
        made = own.fields()
        if route.get("redirect"):
            # Of another code istiod makes a route that does nothing, which Envoy refuses.
            if (route["redirect"].get("redirectCode") or 301) in _STATUSES:
                made["redirect"] = self._redirect(route["redirect"])
        elif route.get("directResponse"):
            made["direct_response"] = _direct_response(route["directResponse"])
        else:
            made = self._routed(route, own)
        return made

    def cluster(self, destination: Mapping[str, Any]) -> str:
        """Return the cluster of a destination; without a port perhaps that of our own port."""
        return destination_cluster(destination, self._namespace, self._ports, self._port)

    def _ports(self, host: str) -> tuple["ServicePort", ...]:
        service = self._mesh.get(host)
        return service.ports_for(self._namespace) if service else ()

    def _routed(self, route: Mapping[str, Any], own: Operations) -> dict[str, Any]:
        timeout = durations.to_json(route.get("timeout") or "0s")
        action: dict[str, Any] = {"timeout": timeout, "max_grpc_timeout": timeout}
        hashed = self._hashed(route["route"])
        # Retries of weighted destinations move on: one of them may hash and another not.
        stays = bool(hashed) and len(route["route"]) == 1
        retries = self._retries(route.get("retries"), hashed=stays)
        if retries:
            action["retry_policy"] = retries
        if hashed:
            action["hash_policy"] = hashed
        rewrite = route.get("rewrite") or {}
        if rewrite.get("uriRegexRewrite"):
            regex = rewrite["uriRegexRewrite"]
            action["regex_rewrite"] = {
                "pattern": {"regex": regex.get("match", "")},
                "substitution": regex.get("rewrite", ""),
            }
        elif rewrite.get("uri"):
            action["prefix_rewrite"] = rewrite["uri"]
        authority = rewrite.get("authority") or own.authority
        mirrors = list(self._mirrors(route))
        if mirrors:
            action["request_mirror_policies"] = mirrors
        if len(route["route"]) == 1:
            (only,) = route["route"]
            action["cluster"] = self.cluster(only["destination"])
            theirs = operations(only.get("headers"))
            authority = authority or theirs.authority
            own = own.followed_by(theirs)
        else:
            action["weighted_clusters"] = {"clusters": self._weighted(route["route"])}
        if authority:
            action["host_rewrite_literal"] = authority
        return own.fields() | {"route": action}

    def _weighted(self, destinations: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
        made = []
        for one in destinations:
            if not one.get("weight"):
                continue
            theirs = operations(one.get("headers"))
            entry = {"name": self.cluster(one["destination"]), "weight": one["weight"]}
            if theirs.authority:
                entry["host_rewrite_literal"] = theirs.authority
            made.append(entry | theirs.fields())
        return made

    def _mirrors(self, route: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        single = {"destination": route["mirror"]} if route.get("mirror") else None
        if single and route.get("mirrorPercentage") is not None:
            single["percentage"] = route["mirrorPercentage"]
        elif single and route.get("mirrorPercent") is not None:
            single["percent"] = route["mirrorPercent"]
        for mirror in (*([single] if single else []), *(route.get("mirrors") or [])):
            percent = mirror.get("percentage")
            share = {"numerator": mirror.get("percent", 100)}
            if percent is not None:
                share = fraction(percent) if percent.get("value") else {"numerator": 0}
            if not share["numerator"]:
                continue
            made: dict[str, Any] = {
                "cluster": self.cluster(mirror["destination"]),
                "runtime_fraction": {"default_value": share},
                "trace_sampled": False,
            }
            if "mirrors-keep-the-host" in self._behaviours:
                made["disable_shadow_host_suffix_append"] = True
            yield made

    def _hashed(self, destinations: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
        made = []
        for one in destinations:
            if len(destinations) > 1 and not one.get("weight"):
                continue
            host = hosts.fully_qualified(one["destination"]["host"], self._namespace)
            service = self._mesh.get(host)
            rule = self._rules.for_service(service) if service else None
            found = hashing.policy(rule, one["destination"])
            made += [found] if found else []
        return made

    def _retries(self, policy: Mapping[str, Any] | None, *, hashed: bool) -> dict[str, Any]:
        made: dict[str, Any] = {
            "retry_on": _RETRY_ON,
            "num_retries": 2,
            "host_selection_retry_max_attempts": "5",
        }
        # A request that is hashed to a host is tried again there and nowhere else.
        if not hashed or "hashed-retries-move-on" in self._behaviours:
            made["retry_host_predicate"] = [_PREVIOUS_HOSTS]
        if "retries-include-503" in self._behaviours:
            made["retriable_status_codes"] = [503]
        if policy is None:
            return made
        if policy.get("attempts", 0) <= 0:
            return {}
        made["num_retries"] = policy["attempts"]
        if policy.get("retryOn"):
            made.pop("retriable_status_codes", None)
            made |= _retry_on(policy["retryOn"])
        if policy.get("perTryTimeout"):
            made["per_try_timeout"] = durations.to_json(policy["perTryTimeout"])
        if policy.get("retryRemoteLocalities"):
            made["retry_priority"] = _PREVIOUS_PRIORITIES
        if "retry-backoff-and-previous-hosts" in self._behaviours:
            if policy.get("retryIgnorePreviousHosts") is False:
                made.pop("retry_host_predicate", None)
            if policy.get("backoff"):
                made["retry_back_off"] = {"base_interval": durations.to_json(policy["backoff"])}
        return made

    def _redirect(self, redirect: Mapping[str, Any]) -> dict[str, Any]:
        scheme = redirect.get("scheme") or ""
        port = redirect.get("port") or 0
        if redirect.get("derivePort") == "FROM_REQUEST_PORT":
            port = self._port
        if port == _DEFAULT_PORTS.get(scheme or self._scheme):
            port = 0
        made: dict[str, Any] = {
            "host_redirect": redirect.get("authority") or "",
            "path_redirect": redirect.get("uri") or "",
            "port_redirect": port,
            "response_code": _STATUSES[redirect.get("redirectCode") or 301],
        }
        return made | ({"scheme_redirect": scheme} if scheme else {})


def fraction(percent: Mapping[str, float]) -> dict[str, Any]:
    """Return a percentage as Envoy's fraction of a million."""
    return {"numerator": int(percent.get("value", 0) * 10000), "denominator": "MILLION"}


def _direct_response(response: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"status": response.get("status", 0)}
    body = response.get("body") or {}
    for field in ("string", "bytes"):
        if field in body:
            made["body"] = {f"inline_{field}": body[field]}
    return made


def _retry_on(text: str) -> dict[str, Any]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    codes = [int(part) for part in parts if _is_status(part)]
    conditions = [part for part in parts if not _is_status(part)]
    made: dict[str, Any] = {"retry_on": ",".join(conditions)}
    if codes:
        made["retriable_status_codes"] = codes
        if "retriable-status-codes" not in conditions:
            made["retry_on"] += ",retriable-status-codes"
    return made


def _is_status(part: str) -> bool:
    return part.isascii() and part.isdigit() and int(part) in {one.value for one in HTTPStatus}
