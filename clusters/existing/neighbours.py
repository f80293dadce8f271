"""Who else is at the gateway: other runs, which must not be, and others, who should be known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clusters import apply
from clusters.existing import lease, leftovers
from clusters.ownership import GATEWAY_ANNOTATION, RUN_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clusters.existing.api import Api
    from clusters.existing.leftovers import Run
    from clusters.existing.pods import Pod

_FILTERS = "/apis/networking.istio.io/v1alpha3/namespaces/{}/envoyfilters"
_PLUGINS = "/apis/extensions.istio.io/v1alpha1/namespaces/{}/wasmplugins"
_GATEWAYS = "/apis/networking.istio.io/v1beta1/gateways"
_THEIRS = f"!{RUN_LABEL}"


class InUse(RuntimeError):
    """Another run works with the gateway, or has left there what would act on this one."""


def check(api: Api, root: str, run_namespace: str, gateway: str, clean: str) -> None:
    """Raise InUse where another run is, or was, at this gateway; `clean` is how it is removed."""
    for run in leftovers.find(api, root, run_namespace).runs.values():
        if not any(thing.mine for thing in run.things) or _elsewhere(run, gateway):
            continue
        holder = next(filter(None, (lease.alive(api, each) for each in run.leases)), "")
        if holder:
            raise InUse(
                f"another run works with this gateway: {holder} (run {run.id})\n"
                "likely cause: two runs at once would judge each other's filters\n"
                "Hint: wait for it, or use a gateway of your own (--gateway-labels)"
            )
        things = "".join(f"\n  {thing}" for thing in run.things)
        raise InUse(
            f"a run that did not end by itself left what would act on this one:{things}\n"
            f"Hint: python -m clusters clean {clean} --run={run.id}"
        )


def _elsewhere(run: Run, gateway: str) -> bool:
    """Tell whether a run says that it is at another gateway."""
    told = [
        (one["metadata"].get("annotations") or {}).get(GATEWAY_ANNOTATION) for one in run.leases
    ]
    return bool(told) and all(each and each != gateway for each in told)


def others(api: Api, root: str, pod: Pod) -> tuple[str, ...]:
    """Return what changes gateways of the mesh, and what this one serves, beside runs of ours."""
    filters = [
        f"{kind} {root}/{one['metadata']['name']}"
        for kind, path in (("EnvoyFilter", _FILTERS), ("WasmPlugin", _PLUGINS))
        for one in api.items(path.format(root), labelSelector=_THEIRS)
    ]
    return (*filters, *_served(api, pod))


def _served(api: Api, pod: Pod) -> list[str]:
    try:
        found = api.items(_GATEWAYS, labelSelector=_THEIRS)
    except apply.Refused as error:
        if error.code != 403:
            raise
        return ["perhaps Gateways, which this account may not list"]
    return [
        f"Gateway {one['metadata']['namespace']}/{one['metadata']['name']} ({_hosts(one)})"
        for one in found
        if (one["spec"].get("selector") or {}).items() <= pod.labels.items()
    ]


def _hosts(gateway: Mapping[str, Any]) -> str:
    found = [host for server in gateway["spec"].get("servers") or [] for host in server["hosts"]]
    return ", ".join(dict.fromkeys(found)) or "no hosts"
