# pyright: reportUnknownMemberType=false
"""Lazy access to the packages of the ``reference`` extra: CVXPY with Clarabel, and QICS.

Only the published algorithms need them, as witnesses of the fast route. Importing this package therefore never imports
them; whoever needs one asks here, and is told the line to install when it is absent.
"""

from __future__ import annotations

import importlib
from typing import Any

from leoisac.foundation.config import ConfigError

_MODULES = ("cvxpy", "clarabel", "qics")


def require_reference() -> None:
    """Make sure that every package of the ``reference`` extra can be imported.

    Raises:
        ConfigError: with the line to install, naming what is absent.
    """
    for name in _MODULES:
        _imported(name)


def cvxpy_module() -> Any:
    """The module ``cvxpy``, with Clarabel present (ConfigError with the line to install otherwise)."""
    _imported("clarabel")
    return _imported("cvxpy")


def qics_module() -> Any:
    """The module ``qics`` with its cones imported (ConfigError with the line to install otherwise)."""
    _imported("qics.cones")
    return _imported("qics")


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigError(
            f"route = 'reference': the published algorithm needs `{name}`, which cannot be imported ({error}). "
            'Install it with: pip install "leoisac[reference]" - or take route="fast", which does not need it.'
        ) from None
