"""Arms at a gateway in a cluster: each a listener that documents put into its one proxy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clusters.stopwatch.arms import COPIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clusters.stopwatch.arms import Role


@dataclass(frozen=True, slots=True, eq=False)
class PodArm:
    """A listener to be timed: a module (URL, sha256 and configuration), a native filter, or none.

    The other fields are those of `clusters.stopwatch.arms.Arm`.
    """

    role: Role
    copy: int
    acting: bool
    module: tuple[str, str, str] | None = None
    native: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """Return the name of its listener and of its lines in the log."""
        return f"{self.role}-{self.copy}"


class PodArms:
    """What makes arms for a gateway in a cluster, as a ControlPlane does on this machine."""

    def made(
        self,
        modules: Mapping[Role, tuple[str, str, str]],
        *,
        native: Mapping[str, Any] | None = None,
        copies: int = COPIES,
    ) -> tuple[PodArm, ...]:
        """Return the arms of a filter; nothing is asked of the cluster yet."""
        made = [PodArm("none", 0, acting=False)]
        if native is not None:
            made.append(PodArm("native", 0, acting=True, native=native))
        for role, module in modules.items():
            acting = role != "empty"
            made += [
                PodArm(role, number, acting=acting, module=module)
                for number in range(copies if acting else 1)
            ]
        return tuple(made)
