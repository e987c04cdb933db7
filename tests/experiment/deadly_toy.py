"""The toy downlink with schemes that kill the process they run in, or never return."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from typing import Any, ClassVar

from leoisac.experiment.contracts import Scheme, System


def _toy() -> System:
    from leoisac import catalogue

    return catalogue.find("toy-downlink")


class DeadlyConfig(_toy().config):
    """Configuration of the toy downlink."""

    system: ClassVar[str] = "deadly-downlink"


def deadly(parameters: Any, channels: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def endless(parameters: Any, channels: Any) -> Any:
    while True:
        time.sleep(0.05)


_SCHEMES = (
    _toy().scheme("equal"),
    Scheme("deadly", "kills its process", {"fast": f"{__name__}:deadly"}),
    Scheme("endless", "never returns", {"fast": f"{__name__}:endless"}),
)
SYSTEM = replace(_toy(), name="deadly-downlink", config=DeadlyConfig, schemes=_SCHEMES)
