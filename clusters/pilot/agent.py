"""What pilot-agent does to extension configurations on their way to Envoy.

Remote Wasm becomes a local file; what cannot be fetched becomes what the release makes of it.
Facts: pkg/wasm/convert.go of Istio; what differs between releases is in behaviours.toml.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clusters.pilot import protos
from clusters.pilot.fetch import FetchError
from clusters.pilot.module_cache import ModuleCache, Wanted
from clusters.pilot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from clusters.pilot.behaviours import Behaviours

WASM = protos.TYPE_PREFIX + "envoy.extensions.filters.http.wasm.v3.Wasm"
RBAC = protos.TYPE_PREFIX + "envoy.extensions.filters.http.rbac.v3.RBAC"
NETWORK_WASM = protos.TYPE_PREFIX + "envoy.extensions.filters.network.wasm.v3.Wasm"
NETWORK_RBAC = protos.TYPE_PREFIX + "envoy.extensions.filters.network.rbac.v3.RBAC"
TYPED_STRUCT = protos.TYPE_PREFIX + "udpa.type.v1.TypedStruct"
DEFAULT_SECONDS = 5.0
#: Before 1.15 the context of a fetch without a timeout had no end but the attempts' own.
NO_LIMIT_SECONDS = 90.0
PULL_POLICY = "ISTIO_META_WASM_IMAGE_PULL_POLICY"
PULL_SECRET = "ISTIO_META_WASM_IMAGE_PULL_SECRET"
RESOURCE_VERSION = "ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION"

NACK_TEXT = "failed to fetch wasm module"

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Localized:
    """What becomes of one response: the resources for Envoy, and the agent's words.

    `resources` is None where the agent holds the whole response back and answers istiod with a
    NACK, whose text is `nack`. `failures` has a text for each module that it could not get.
    """

    resources: tuple[Resource, ...] | None
    failures: tuple[str, ...] = ()
    nack: str = ""


class _Unusable(Exception):
    """A resource that the agent refuses without fetching anything."""


@dataclass(slots=True)
class Agent:
    """The agent beside one proxy, in one release."""

    behaviours: Behaviours
    folder: Path
    settings: Settings = field(default_factory=Settings)
    _cache: ModuleCache | None = None

    def restarted(self, settings: Settings) -> Agent:
        """Return the agent as it begins with other settings: it remembers no module."""
        return Agent(self.behaviours, self.folder, settings)

    def localize(self, resources: Iterable[Mapping[str, Any]]) -> Localized:
        """Return what reaches Envoy of one ECDS response."""
        forwarded: list[Resource] = []
        failures: list[str] = []
        held = False
        for resource in resources:
            try:
                forwarded.append(self._convert(dict(resource)))
            except _Unusable as error:
                failures.append(str(error))
                held = True
            except FetchError as error:
                failures.append(str(error))
                substitute = self._substitute(dict(resource))
                held = held or substitute is None
                forwarded += [substitute] if substitute else []
        if not held:
            return Localized(tuple(forwarded), tuple(failures))
        told = failures if "agent-nack-carries-the-error" in self.behaviours else [NACK_TEXT]
        return Localized(None, tuple(failures), nack="; ".join(told))

    def _convert(self, resource: Resource) -> Resource:
        found = self._wasm(resource)
        if found is None:
            return resource
        kind, wasm = found
        plugin = wasm.get("config", {})
        code = plugin.get("vm_config", {}).get("code", {})
        if "local" in code:
            return resource
        if "remote" not in code:
            if "agent-refuses-wasm-without-code" in self.behaviours:
                raise _Unusable(
                    f"no remote or local Wasm module in the configuration {resource['name']}"
                )
            return resource
        wanted = self._wanted(resource["name"], plugin)
        try:
            path = self._modules().get(wanted)
        except FetchError as error:
            raise FetchError(f"cannot fetch Wasm module {wanted.url}: {error}") from error
        self._strip_environment(plugin["vm_config"])
        plugin["vm_config"]["code"] = {"local": {"filename": str(path)}}
        return {"name": resource["name"], "typed_config": {"@type": kind} | wasm}

    def _wasm(self, resource: Resource) -> tuple[str, dict[str, Any]] | None:
        """Return the Wasm configuration in a resource and its type, None if it is not for us."""
        typed = dict(resource.get("typed_config", {}))
        kind = typed.pop("@type", "")
        if kind in self._kinds() and "agent-converts-direct-wasm" in self.behaviours:
            return kind, typed
        inner = typed.get("type_url", "") if kind == TYPED_STRUCT else ""
        if inner in self._kinds():
            try:
                return inner, protos.normalise(inner, typed.get("value", {}))
            except protos.ProtoError as error:
                if "agent-refuses-wasm-without-code" in self.behaviours:
                    raise _Unusable(
                        f"failed to unmarshal the configuration {resource['name']}: {error}"
                    ) from error
        return None

    def _kinds(self) -> tuple[str, ...]:
        """Return the types of filters whose modules are fetched."""
        return (WASM, NETWORK_WASM) if "agent-converts-network-wasm" in self.behaviours else (WASM,)

    def _wanted(self, name: str, plugin: Mapping[str, Any]) -> Wanted:
        remote = plugin["vm_config"]["code"]["remote"]
        http_uri = remote.get("http_uri")
        if not http_uri:
            raise _Unusable(
                f"wasm remote fetch {remote} does not have httpUri specified for config {name}"
            )
        environment = _environment(plugin["vm_config"])
        secret = (
            environment.get(PULL_SECRET) if "agent-reads-pull-secret" in self.behaviours else None
        )
        if secret == "":
            raise _Unusable(
                f"cannot fetch Wasm module {plugin.get('name', '')}: missing image pulling secret"
            )
        checksum = remote.get("sha256", "")
        if checksum == "nil" and "agent-nil-checksum-is-empty" in self.behaviours:
            checksum = ""
        default = (
            DEFAULT_SECONDS
            if "agent-default-fetch-timeout" in self.behaviours
            else NO_LIMIT_SECONDS
        )
        return Wanted(
            url=http_uri["uri"],
            checksum=checksum,
            resource=name,
            resource_version=environment.get(RESOURCE_VERSION, ""),
            pull_policy=environment.get(PULL_POLICY, ""),
            timeout=float(str(http_uri.get("timeout", "")).rstrip("s") or default),
            pull_secret=secret,
        )

    def _strip_environment(self, vm: dict[str, Any]) -> None:
        environment = vm.get("environment_variables", {})
        pairs = environment.get("key_values", {})
        kept = {key: value for key, value in pairs.items() if not self._stripped(key)}
        rest = {key: value for key, value in environment.items() if key != "key_values"}
        if kept or rest:
            vm["environment_variables"] = rest | ({"key_values": kept} if kept else {})
        else:
            vm.pop("environment_variables", None)

    def _stripped(self, variable: str) -> bool:
        if "agent-strips-istio-environment" in self.behaviours:
            return variable.startswith("ISTIO_META_")
        return variable == PULL_SECRET and "agent-strips-pull-secret" in self.behaviours

    def _substitute(self, resource: Resource) -> Resource | None:
        """Return what the release sends instead of a module it could not get, None for a NACK."""
        kind, wasm = self._wasm(resource) or ("", {})
        if _fails_open(wasm.get("config", {}), self.behaviours):
            if "agent-open-failure-allows-all" not in self.behaviours:
                return resource
            filled = self._rbac(kind, "allow", {})
        elif "agent-closed-failure-denies-all" in self.behaviours:
            filled = self._rbac(kind, "deny", {"rules": {}})
        else:
            return None
        return {"name": resource["name"], "typed_config": filled}

    def _rbac(self, kind: str, verdict: str, rules: dict[str, Any]) -> dict[str, Any]:
        network = kind == NETWORK_WASM
        made: dict[str, Any] = {"@type": NETWORK_RBAC if network else RBAC} | rules
        if "agent-substitute-has-stat-prefix" in self.behaviours:
            made["stat_prefix" if network else "rules_stat_prefix"] = f"wasm-default-{verdict}"
        return made

    def _modules(self) -> ModuleCache:
        if self._cache is None:
            self._cache = ModuleCache(self.folder, self.behaviours, self.settings)
        return self._cache


def _environment(vm: Mapping[str, Any]) -> dict[str, str]:
    return dict(vm.get("environment_variables", {}).get("key_values", {}))


def _fails_open(plugin: Mapping[str, Any], behaviours: Behaviours) -> bool:
    policy = plugin.get("failure_policy", "UNSPECIFIED")
    if policy != "UNSPECIFIED" and "agent-knows-failure-policy" in behaviours:
        return bool(policy == "FAIL_OPEN")
    return bool(plugin.get("fail_open", False))
