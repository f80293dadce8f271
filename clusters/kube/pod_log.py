"""The log of a pod, followed into a file as the pod writes it."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

JOIN_SECONDS = 5.0


class PodLog:
    """Follows one container from its beginning, or from now on; close it when done.

    Where the container starts anew, or the API server ends the stream, it is followed again.
    """

    def __init__(self, api: Any, namespace: str, pod: str, container: str, file: Path) -> None:
        """Begin; `api` is a CoreV1Api of the `kubernetes` package that nobody else uses."""
        self.file = file
        self._asked = {"name": pod, "namespace": namespace, "container": container}
        self._api = api
        self._ended = threading.Event()
        self._stream: Any = None
        self.file.touch()
        self._thread = threading.Thread(target=self._follow, name=f"log of {pod}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Cease to follow."""
        self._ended.set()
        if self._stream is not None:
            # Its thread waits in a read, which holds a lock that closing the stream would wait for.
            with contextlib.suppress(OSError, ValueError, RuntimeError):  # it has just ended
                self._stream.shutdown()
        self._thread.join(JOIN_SECONDS)

    def _follow(self) -> None:
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        since: dict[str, Any] = {"tail_lines": 0}
        with self.file.open("ab", buffering=0) as file:
            while not self._ended.is_set():
                try:
                    self._stream = self._api.read_namespaced_pod_log(
                        **self._asked, follow=True, _preload_content=False, **since
                    )
                    # Looked at after the stream is set: else it could be ended before it is there.
                    while not self._ended.is_set() and (piece := self._stream.read1()):
                        file.write(piece)
                except (ApiException, HTTPError, OSError, ValueError, AttributeError):
                    pass  # a pod that is gone has nothing more to say
                since = {"since_seconds": 1}
                self._ended.wait(0.5)
