"""What pilot-agent reads from its own environment, as far as it concerns Wasm.

On a gateway these are variables of the proxy's container, set by `proxyMetadata`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

INSECURE_REGISTRIES = "WASM_INSECURE_REGISTRIES"
SIZE_LIMIT = "ISTIO_WASM_MAX_BINARY_SIZE_BYTES"
DEFAULT_SIZE_LIMIT = 256 << 20


class UnknownSetting(ValueError):
    """A variable that the agent does not read, or a value that it cannot use."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The agent's settings.

    `insecure_registries` are hosts ("host:port", or "*" for all) whose certificates go unchecked;
    after `size_limit` bytes a module is cut off.
    """

    insecure_registries: frozenset[str] = frozenset()
    size_limit: int = DEFAULT_SIZE_LIMIT

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Self:
        """Return the settings that these variables make; raises UnknownSetting."""
        unknown = variables.keys() - {INSECURE_REGISTRIES, SIZE_LIMIT}
        if unknown:
            raise UnknownSetting(
                f"the embedded agent does not read {', '.join(sorted(unknown))}\n"
                f"Hint: it reads {INSECURE_REGISTRIES} and {SIZE_LIMIT}"
            )
        hosts = (host.strip() for host in variables.get(INSECURE_REGISTRIES, "").split(","))
        limit = variables.get(SIZE_LIMIT, str(DEFAULT_SIZE_LIMIT))
        if not limit.isdecimal():
            raise UnknownSetting(f"{SIZE_LIMIT}={limit!r} is no number of bytes")
        return cls(frozenset(host for host in hosts if host), int(limit))

    def insecure(self, host: str) -> bool:
        """Tell whether the certificate of `host` ("name:port" as in the URL) goes unchecked."""
        return bool({"*", host} & self.insecure_registries)
