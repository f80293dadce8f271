"""The names under which a proxy asks for certificates, and whom it asks (SDS).

Files are read and served by pilot-agent (cluster `sds-grpc`), credentials by istiod over ADS.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

AGENT_CLUSTER = "sds-grpc"
"""The bootstrap's cluster that leads to pilot-agent."""

CREDENTIAL = "kubernetes://"
ROOT_OF_CREDENTIAL = "-cacert"
WORKLOAD, WORKLOAD_ROOT = "default", "ROOTCA"
"""The gateway's own certificate and the mesh's roots: pilot-agent has both from the mesh's CA."""

_CERTIFICATE, _ROOT, _BETWEEN = "file-cert:", "file-root:", "~"


def certificate_files(certificate: str, key: str) -> dict[str, Any]:
    """Return the SDS configuration for a certificate chain and its key in files."""
    return _from_agent(f"{_CERTIFICATE}{certificate}{_BETWEEN}{key}")


def root_file(path: str) -> dict[str, Any]:
    """Return the SDS configuration for trusted certificates in a file (`system`: the machine's)."""
    return _from_agent(f"{_ROOT}{path}")


def of_the_mesh(name: str) -> dict[str, Any]:
    """Return the SDS configuration for WORKLOAD or WORKLOAD_ROOT."""
    made = _from_agent(name)
    return made | {"sds_config": made["sds_config"] | {"initial_fetch_timeout": "0s"}}


def credential(name: str) -> dict[str, Any]:
    """Return the SDS configuration for a Secret of the gateway's namespace."""
    return {
        "name": f"{CREDENTIAL}{name}",
        "sds_config": {"ads": {}, "resource_api_version": "V3"},
    }


def named_in(resource: Any) -> Iterator[str]:
    """Yield the names of every secret that a listener or cluster asks for."""
    if isinstance(resource, Mapping):
        if "sds_config" in resource and "name" in resource:
            yield resource["name"]
        for value in resource.values():
            yield from named_in(value)
    elif isinstance(resource, list | tuple):
        for value in resource:
            yield from named_in(value)


def files(names: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield those names that stand for files, each with its certificate and key, or its root."""
    for name in names:
        if name.startswith(_CERTIFICATE):
            certificate, _, key = name.removeprefix(_CERTIFICATE).partition(_BETWEEN)
            yield name, (certificate, key)
        elif name.startswith(_ROOT):
            yield name, (name.removeprefix(_ROOT),)


def is_secret(name: str) -> bool:
    """Tell whether a resource name stands for a certificate."""
    return is_of_the_mesh(name) or name.startswith((CREDENTIAL, _CERTIFICATE, _ROOT))


def is_of_the_mesh(name: str) -> bool:
    """Tell whether a certificate comes from the CA of the mesh, which the local place has not."""
    return name in (WORKLOAD, WORKLOAD_ROOT)


def _from_agent(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "sds_config": {
            "api_config_source": {
                "api_type": "GRPC",
                "grpc_services": [{"envoy_grpc": {"cluster_name": AGENT_CLUSTER}}],
                "set_node_on_first_message_only": True,
                "transport_api_version": "V3",
            },
            "resource_api_version": "V3",
        },
    }
