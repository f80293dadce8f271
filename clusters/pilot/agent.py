"""What pilot-agent does to extension configurations on their way to Envoy.

Remote Wasm becomes a local file; what cannot be fetched becomes what the release makes of it.
Facts: pkg/wasm/convert.go of Istio; what differs between releases is in behaviours.toml.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clusters.pilot import protos, wasm_extension
from clusters.pilot.fetch import FetchError
from clusters.pilot.module_cache import ModuleCache, Wanted
from clusters.pilot.settings import Settings
from clusters.pilot.wasm_extension import NETWORK_WASM, Unreadable, WasmExtension

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from clusters.pilot.behaviours import Behaviours

RBAC = protos.TYPE_PREFIX + "envoy.extensions.filters.http.rbac.v3.RBAC"
NETWORK_RBAC = protos.TYPE_PREFIX + "envoy.extensions.filters.network.rbac.v3.RBAC"
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
    NACK, whose text is `nack`. `failures` has a text for each module that it could not get or use.
    """

    resources: tuple[Resource, ...] | None
    failures: tuple[str, ...] = ()
    nack: str = ""


@dataclass(frozen=True, slots=True)
class _Converted:
    """What becomes of one resource; None for one that keeps the whole response back."""

    resource: Resource | None
    failure: str = ""


@dataclass(slots=True)
class Agent:
    """The agent beside one proxy, in one release."""

    behaviours: Behaviours
    folder: Path
    settings: Settings = field(default_factory=Settings)
    _cache: ModuleCache = field(init=False)

    def __post_init__(self) -> None:
        self._cache = ModuleCache(self.folder, self.behaviours, self.settings)

    def restarted(self, settings: Settings) -> Agent:
        """Return the agent as it begins with other settings: it remembers no module."""
        return Agent(self.behaviours, self.folder, settings)

    def localize(self, resources: Iterable[Mapping[str, Any]]) -> Localized:
        """Return what reaches Envoy of one ECDS response; its modules are fetched side by side."""
        sent = tuple(resources)
        if len(sent) > 1:
            with ThreadPoolExecutor(len(sent)) as pool:
                converted = tuple(pool.map(self._convert, sent))
        else:
            converted = tuple(map(self._convert, sent))
        failures = tuple(one.failure for one in converted if one.failure)
        forwarded = tuple(one.resource for one in converted if one.resource is not None)
        if len(forwarded) == len(sent):
            return Localized(forwarded, failures)
        held = [one.failure for one in converted if one.resource is None]
        carried = "agent-nack-carries-the-error" in self.behaviours
        return Localized(None, failures, nack=_joined(held) if carried else NACK_TEXT)

    def _convert(self, resource: Mapping[str, Any]) -> _Converted:
        try:
            wasm = wasm_extension.read(resource, self.behaviours)
        except Unreadable as error:
            return _Converted(None, str(error))
        if wasm is None:
            return _Converted(dict(resource))
        try:
            path = self._fetched(wasm)
        except FetchError as error:
            return _Converted(self._substitute(resource, wasm), str(error))
        self._strip_environment(wasm.machine)
        wasm.machine["code"] = {"local": {"filename": str(path)}}
        return _Converted(wasm.resource())

    def _fetched(self, wasm: WasmExtension) -> Path:
        wanted = self._wanted(wasm)
        try:
            return self._cache.get(wanted)
        except FetchError as error:
            raise FetchError(f"cannot fetch Wasm module {wanted.url}: {error}") from error

    def _wanted(self, wasm: WasmExtension) -> Wanted:
        environment = dict(wasm.machine.get("environment_variables", {}).get("key_values", {}))
        plugin = wasm.plugin.get("name", "")
        secret = (
            environment.get(PULL_SECRET) if "agent-reads-pull-secret" in self.behaviours else None
        )
        if secret == "":
            raise FetchError(f"cannot fetch Wasm module {plugin}: missing image pulling secret")
        remote = wasm.machine["code"]["remote"]
        if "http_uri" not in remote:
            raise FetchError(
                f"wasm remote fetch {remote} does not have httpUri specified for config {plugin}"
            )
        checksum = remote.get("sha256", "")
        if checksum == "nil" and "agent-nil-checksum-is-empty" in self.behaviours:
            checksum = ""
        return Wanted(
            url=remote["http_uri"].get("uri", ""),
            checksum=checksum,
            resource=wasm.name,
            resource_version=environment.get(RESOURCE_VERSION, ""),
            pull_policy=environment.get(PULL_POLICY, ""),
            timeout=self._seconds(remote["http_uri"]),
            pull_secret=secret,
        )

    def _seconds(self, http_uri: Mapping[str, Any]) -> float:
        if "timeout" in http_uri:
            return float(http_uri["timeout"].rstrip("s"))
        known = "agent-default-fetch-timeout" in self.behaviours
        return DEFAULT_SECONDS if known else NO_LIMIT_SECONDS

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

    def _substitute(self, resource: Mapping[str, Any], wasm: WasmExtension) -> Resource | None:
        """Return what the release sends instead of a module it could not get, None for a NACK."""
        if _fails_open(wasm.plugin, self.behaviours):
            if "agent-open-failure-allows-all" not in self.behaviours:
                return dict(resource)
            filled = self._rbac(wasm.kind, "allow", {})
        elif "agent-closed-failure-denies-all" in self.behaviours:
            filled = self._rbac(wasm.kind, "deny", {"rules": {}})
        else:
            return None
        return {"name": wasm.name, "typed_config": filled}

    def _rbac(self, kind: str, verdict: str, rules: dict[str, Any]) -> dict[str, Any]:
        network = kind == NETWORK_WASM
        made: dict[str, Any] = {"@type": NETWORK_RBAC if network else RBAC} | rules
        if "agent-substitute-has-stat-prefix" in self.behaviours:
            made["stat_prefix" if network else "rules_stat_prefix"] = f"wasm-default-{verdict}"
        return made


def _joined(errors: list[str]) -> str:
    """Return several errors as one, as Istio writes them."""
    if len(errors) == 1:
        return errors[0]
    points = "".join(f"\n\t* {one}" for one in errors)
    return f"{len(errors)} errors occurred:{points}\n"


def _fails_open(plugin: Mapping[str, Any], behaviours: Behaviours) -> bool:
    policy = plugin.get("failure_policy", "UNSPECIFIED")
    if policy != "UNSPECIFIED" and "agent-knows-failure-policy" in behaviours:
        return bool(policy == "FAIL_OPEN")
    return bool(plugin.get("fail_open", False))
