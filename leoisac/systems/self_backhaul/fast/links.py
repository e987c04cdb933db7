r"""What one transmitter can give one receiver beside sensing, and what nothing gives.

All in normalised units (noise 1, budgets 1), for one trial, traceable. Nothing here is a heuristic: the link beside a
sensing waveform is a linear-fractional program and solved as such, and every bound holds for any point that it is taken
at. What it can give several receivers is in ``optim.batched.sinr_duality``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from jaxtyping import Array, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.metrics.sinr import received_power
from leoisac.optim.batched.covering import covering_sdp

_FRACTIONAL_STEPS = 5
_LEAST = 1e-300


class Link(NamedTuple):
    """The best a satellite beam can do for one receiver beside a sensing waveform that meets the pattern.

    Attributes:
        beam: along the channel, with all the power that sensing leaves, (feed,).
        sensing: covariance of the waveform, (feed, feed).
        snr: signal over noise and sensing that is reached.
        most: proven bound on that of any beam and waveform.
        spare: power that the cheapest waveform found leaves; negative where none that was found fits.
        most_spare: proven bound on what any waveform leaves; negative proves that none fits.
    """

    beam: Leaf
    sensing: Leaf
    snr: Leaf
    most: Leaf
    spare: Leaf
    most_spare: Leaf


def best_link(
    g: Complex[Array, " feed"], targets: Complex[Array, "target feed"], demands: Float[Array, " target"]
) -> Link:
    r"""The best feeder or direct link of one receiver.

    .. math::
        \max_{V_0\succeq0}\ \frac{(1-\operatorname{tr}V_0)\,\|g\|^2}{1+g^HV_0g}
        \quad\text{s.t.}\quad a_t^HV_0a_t\ge\Gamma_t

    by Dinkelbach's method (W. Dinkelbach, Management Science 13(7), 1967): at the ratio ``t`` the best waveform is the
    cheapest one under the cost ``I + (t / |g|^2) g g^H``, a covering problem. Its dual bounds the ratio from above at
    any ``t``, since the ratio falls at least as fast as ``t`` rises.
    """
    size = jnp.sum(jnp.abs(g) ** 2)
    safe = jnp.where(size > 0.0, size, 1.0)
    along = jnp.outer(g, jnp.conj(g)) / safe

    class Best(NamedTuple):
        ratio: Leaf
        sensing: Leaf
        left: Leaf
        most: Leaf

    def step(best: Best, _: Any) -> tuple[Best, tuple[Leaf, Leaf]]:
        found = covering_sdp(jnp.eye(g.size) + best.ratio * along, targets, demands)
        left = 1.0 - jnp.real(jnp.trace(found.covariance))
        snr = jnp.maximum(left, 0.0) * size / (1.0 + received_power(g[None], found.covariance)[0])
        excess = size * (1.0 - found.lower_bound) - best.ratio
        better = (snr >= best.ratio) & (left >= 0.0)
        kept = Best(
            jnp.where(better, snr, best.ratio),
            jnp.where(better, found.covariance, best.sensing),
            jnp.where(better, left, best.left),
            jnp.minimum(best.most, best.ratio + jnp.maximum(excess, 0.0)),
        )
        return kept, (left, 1.0 - found.lower_bound)

    nothing = Best(jnp.asarray(0.0), jnp.zeros((g.size, g.size), complex), jnp.asarray(0.0), jnp.asarray(jnp.inf))
    best, (left, bound) = jax.lax.scan(step, nothing, None, length=_FRACTIONAL_STEPS)
    beam = jnp.sqrt(jnp.maximum(best.left, 0.0)) * g / jnp.sqrt(safe)
    # The first cost is the identity: its waveform is the cheapest one.
    return Link(beam, best.sensing, best.ratio, best.most, left[0], bound[0])


__all__ = ["Link", "best_link"]
