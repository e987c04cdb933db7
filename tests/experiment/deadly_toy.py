"""The toy downlink with a scheme that kills the process it runs in."""

from __future__ import annotations

import os
import signal
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


_SCHEMES = (_toy().scheme("equal"), Scheme("deadly", "kills its process", {"fast": f"{__name__}:deadly"}))
SYSTEM = replace(_toy(), name="deadly-downlink", config=DeadlyConfig, schemes=_SCHEMES)
