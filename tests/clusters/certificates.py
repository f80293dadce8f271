"""Certificates of a test's own, made by the openssl command: nothing of them is kept."""

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")


@dataclass(frozen=True)
class Authority:
    """A certificate authority in a folder; `certificate` is the file that clients trust."""

    folder: Path

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.pem"

    def issue(self, host: str) -> tuple[Path, Path]:
        """Return the files of a new certificate for a host and of its key."""
        certificate, key = self.folder / f"{host}.pem", self.folder / f"{host}.key"
        _openssl(
            *("req", "-x509", *_KEY, "-keyout", key, "-out", certificate),
            *("-CA", self.certificate, "-CAkey", self.folder / "ca.key"),
            *("-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"),
            *("-addext", "basicConstraints=critical,CA:FALSE"),
        )
        return certificate, key

    def trusting(self, client: tuple[Path, Path] | None = None) -> ssl.SSLContext:
        """Return what a client needs that trusts this authority and perhaps shows a certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.certificate)
        if client:
            context.load_cert_chain(*client)
        return context


def authority(folder: Path) -> Authority:
    """Return a new authority; skips where there is no openssl that can make one."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl command. Hint: apt-get install openssl")
    _openssl(
        *("req", "-x509", *_KEY, "-keyout", folder / "ca.key", "-out", folder / "ca.pem"),
        *("-subj", "/CN=tests only"),
        *("-addext", "basicConstraints=critical,CA:TRUE"),
    )
    return Authority(folder)


def _openssl(*arguments: object) -> None:
    command = ["openssl", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
