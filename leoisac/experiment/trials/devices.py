# pyright: reportUnknownMemberType=false
"""On which kind of device JAX computes. To be called before anything else computes."""

from __future__ import annotations

from leoisac.foundation.config import ConfigError

PLATFORMS = {"cpu": "cpu", "gpu": "cuda"}


def use_device(device: str) -> None:
    """Make JAX compute on ``"cpu"`` or ``"gpu"``; an empty text leaves the choice to JAX.

    Raises:
        ConfigError: if there is no such device, or this process already computes on another one.
    """
    if not device:
        return
    from leoisac.foundation.jax_setup import jax, make_client

    try:
        jax.config.update("jax_platforms", PLATFORMS[device])
        make_client()
        found = jax.default_backend()
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"device = {device!r}: JAX has none here ({reason}). For an NVIDIA GPU: pip install 'jax[cuda12]'."
        ) from None
    if found != device:
        raise ConfigError(
            f"device = {device!r}: this process already computes on `{found}`; start another one for another device."
        )
