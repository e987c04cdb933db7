"""A certificate for tests of encrypted clusters."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest


def certificates(folder: Path) -> dict[str, Any]:
    """Arguments of ``distributed.Security``: one certificate, which signs itself, for everybody."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl, to make a certificate")
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out c.pem -subj /CN=t"
    subprocess.run(make.split(), cwd=folder, check=True, capture_output=True)
    roles = ("client", "scheduler", "worker")
    files = {f"tls_{role}_{kind}": str(folder / f"{kind[0]}.pem") for role in roles for kind in ("cert", "key")}
    return {"tls_ca_file": str(folder / "c.pem"), "require_encryption": True, **files}
