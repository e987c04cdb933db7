"""One trial and mode as a small problem without units: noise 1, power budget 1, antennas reduced to a subspace.

Replacing every precoder column by its projection on the span of the users' and the target's steering vectors changes
no received amplitude and never adds power, so nothing is lost by designing in that span, whose dimension is at most
K + 1. The eight modes differ in numbers only: one compiled program serves all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from jaxtyping import Array, Complex, Float

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.namespace import array_namespace
from leoisac.foundation.status import Solution, nonfinite_where
from leoisac.metrics.rsma import allocate_common_rate
from leoisac.systems.bistatic_rsma.judge.evaluate import evaluate, stream_powers, stream_rates
from leoisac.systems.bistatic_rsma.model import Channels, Design, Mode, Parameters

_RANK_TOLERANCE = 1e-9
"""Singular values below this share of the largest are no dimension of the span."""
_LEAST_REACHED = 1e-12
LARGEST_FLOOR = 1.0 + 1e-9
"""Share of the largest target gain above which a floor cannot be met, with room for rounding.

The proof is the inequality of Cauchy and Schwarz, ``||P^H a_t||^2 <= N_tx ||P||^2``: a beam on the target reaches it.
"""


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "users",
        "target",
        "floor",
        "stream_mask",
        "radar_interference",
        "basis",
        "antenna_share",
        "user_points",
        "target_points",
        "point_floors",
        "clutter",
    ],
    meta_fields=[],
)
@dataclass(frozen=True)
class Problem:
    """Normalised max-min problem of one trial and mode.

    Maximise ``min_k (R_p,k + C_k)`` over the reduced precoder ``X`` (dimension, stream) subject to
    ``||X||_F^2 <= 1``, ``||X^H target||^2 >= floor`` and the common rate; only streams whose mask is 1 may be used.

    Attributes:
        users: ``sqrt(P_t / rho_k) Q^H a_k``: noise is 1.
        target: ``Q^H a_t / sqrt(N_tx)``, unit norm; with a null over its norm, which the null makes less than 1.
        floor: least target gain as a fraction of the largest (of the largest with the null), 0 without sensing; above 1
            the trial is infeasible.
        stream_mask: 1 for the streams of the mode, 0 for absent ones (users, common, radar).
        radar_interference: 1 where the radar sequence disturbs the users.
        basis: orthonormal columns ``Q``; columns of zeros where the span has fewer dimensions. With limits of the
            elements, for which the span is not enough, the unit matrix.
        antenna_share: limit of an element as a fraction of the power budget; ``None`` without limits.
        user_points: like ``users`` for equally probable places of each, over which received powers are averaged;
            ``None`` where the places are taken as known.
        target_points, point_floors: further places of the target at which floors hold, like ``target`` and ``floor``;
            ``None`` where only the one counts.
        clutter: vectors whose received power, over noise, raises the floor by as large a factor more than 1; ``None``
            where the floor is fixed.
    """

    users: Leaf  # complex (user, dimension)
    target: Leaf  # complex (dimension)
    floor: Leaf  # real scalar
    stream_mask: Leaf  # real (stream)
    radar_interference: Leaf  # real scalar
    basis: Leaf  # complex (tx, dimension)
    antenna_share: Leaf | None = None  # real scalar
    user_points: Leaf | None = None  # complex (user, point, dimension)
    target_points: Leaf | None = None  # complex (point, dimension)
    point_floors: Leaf | None = None  # real (point)
    clutter: Leaf | None = None  # complex (row, dimension)

    @property
    def largest_floor(self) -> Leaf:
        """Floor above which nothing meets it: ``LARGEST_FLOOR``, or what the elements' limits allow if that is less.

        ``||P^H a_t||^2 <= (sum_n ||row_n of P||)^2 <= N_tx^2`` times the limit, by the triangle inequality.
        """
        if self.clutter is not None:
            return self._largest_over_clutter()
        if self.antenna_share is None:
            return LARGEST_FLOOR
        return LARGEST_FLOOR * array_namespace(self.antenna_share).minimum(
            self.basis.shape[-2] * self.antenna_share, 1.0
        )

    def _largest_over_clutter(self) -> Leaf:
        """The largest ``lambda`` at which ``t t^H - lambda (I + E^H E)`` has an eigenvalue that is not negative.

        A precoder of unit power meets ``||X^H t||^2 >= lambda (1 + ||E X||^2)`` only then, and one beam along
        ``(I + E^H E)^{-1} t`` does.
        """
        xp = array_namespace(self.target)
        rows = xp.conj(self.clutter)  # E, so that E x are the amplitudes
        loaded = xp.eye(rows.shape[-1]) + xp.swapaxes(xp.conj(rows), -1, -2) @ rows
        reached = xp.linalg.solve(loaded, self.target[..., None])[..., 0]
        return LARGEST_FLOOR * xp.real(xp.sum(xp.conj(self.target) * reached, axis=-1))


class TargetPoints(NamedTuple):
    """Places of the target at which a design must meet the requirement, beside the one that it is predicted at.

    Attributes:
        steering: towards them.
        floors: least target gains, W.
    """

    steering: Leaf  # complex (point, tx)
    floors: Leaf  # real (point)


def normalise(
    parameters: Parameters, channels: Channels, mode: Mode, target_points: TargetPoints | None = None
) -> Problem:
    """The normalised problem of one trial, from what the satellite knows of it."""
    known = channels if channels.knowledge is None else channels.knowledge
    around = None if channels.knowledge is None else channels.knowledge.user_points
    steering = jnp.asarray(channels.design_steering)
    num_users, num_tx = steering.shape
    limit, share = parameters.antenna_power, None
    if limit is None:
        rows = [steering, known.target_steering[None]]
        rows += [] if around is None else [around.reshape(-1, num_tx)]
        rows += [] if target_points is None else [target_points.steering]
        rows += [] if parameters.clutter is None else [parameters.clutter.rows]
        basis = _span(_apart(jnp.concatenate(rows), parameters.null_steering))
    else:
        basis, share = jnp.eye(num_tx, dtype=complex), limit / parameters.transmit_power
    scale = jnp.sqrt(parameters.transmit_power / known.user_noise_ratio)
    largest = num_tx * parameters.transmit_power
    flags = jnp.stack([jnp.asarray(mode.common, dtype=float), jnp.asarray(mode.radar, dtype=float)])
    target = jnp.einsum("nd,n->d", jnp.conj(basis), known.target_steering) / jnp.sqrt(float(num_tx))
    least = known.gain_floor if parameters.clutter is None else parameters.clutter.least_gain
    floor = mode.sensing * least / largest
    if parameters.null_steering is not None:
        # What of the target a beam can reach that leaves the receiver dark: its share is the new unit.
        reached = jnp.maximum(jnp.sum(target.real**2 + target.imag**2), _LEAST_REACHED)
        target, floor = target / jnp.sqrt(reached), floor / reached
    return Problem(
        users=scale[:, None] * jnp.einsum("nd,kn->kd", jnp.conj(basis), steering),
        target=target,
        floor=floor,
        stream_mask=jnp.concatenate([jnp.ones(num_users), flags]),
        radar_interference=mode.radar * mode.radar_interference,
        basis=basis,
        antenna_share=share,
        user_points=None
        if around is None
        else scale[:, None, None] * jnp.einsum("nd,kpn->kpd", jnp.conj(basis), around),
        target_points=None
        if target_points is None
        else jnp.einsum("nd,pn->pd", jnp.conj(basis), target_points.steering) / jnp.sqrt(float(num_tx)),
        point_floors=None if target_points is None else mode.sensing * target_points.floors / largest,
        clutter=None
        if parameters.clutter is None
        else jnp.sqrt(parameters.transmit_power) * jnp.einsum("nd,rn->rd", jnp.conj(basis), parameters.clutter.rows),
    )


def _apart(rows: Complex[Array, "vector tx"], null: Leaf | None) -> Complex[Array, "vector tx"]:
    """The rows without what they have along a direction to which nothing is sent."""
    if null is None:
        return rows
    along = jnp.conj(null) / jnp.linalg.norm(null)
    return rows - (rows @ along)[:, None] * jnp.conj(along)


def _span(rows: Complex[Array, "vector tx"]) -> Complex[Array, "tx dimension"]:
    """Orthonormal basis (columns) of the span of rows, with columns of zeros for missing dimensions."""
    left, values, _ = jnp.linalg.svd(rows.T, full_matrices=False)
    return jnp.where(values > _RANK_TOLERANCE * values[0], left, 0.0)


def reduced_rates(problem: Problem, precoder: Complex[Array, "dimension stream"]) -> Any:
    """Rates of the common and private streams of a reduced precoder (``StreamRates``)."""
    powers = stream_powers(problem.users, precoder)
    return stream_rates(powers, problem.radar_interference, jnp.ones(problem.users.shape[0]))


def reduced_min_rate(problem: Problem, precoder: Complex[Array, "dimension stream"]) -> Float[Array, ""]:
    """The objective of a reduced precoder, the common rate shared in closed form."""
    rates = reduced_rates(problem, precoder)
    return allocate_common_rate(rates.common, rates.private).min_rate


def physical_design(parameters: Parameters, problem: Problem, precoder: Complex[Array, "dimension stream"]) -> Design:
    """Physical design from a reduced precoder: ``sqrt(P_t) Q X`` and the best split of its common rate."""
    masked = precoder * problem.stream_mask
    rates = reduced_rates(problem, masked)
    return Design(
        precoder=jnp.sqrt(parameters.transmit_power) * (problem.basis @ masked),
        common_rate=allocate_common_rate(rates.common, rates.private).common_rate,
        radar_interference=jnp.asarray(problem.radar_interference, dtype=float),
    )


def judged(
    parameters: Parameters,
    channels: Channels,
    mode: Mode,
    design: Design,
    *,
    status: Any,
    iterations: Any,
    history: Any,
) -> Solution[Any]:
    """Solution of one trial whose objective and violation are the judge's, from the physical design.

    The violation is the largest relative one of the power budget, the common rate and, where the mode senses, the floor
    on the target gain.
    """
    if channels.knowledge is not None:
        # Beams are designed for what is known; who decodes how much of the common stream, users report.
        powers = stream_powers(channels.user_steering, design.precoder)
        rates = stream_rates(powers, design.radar_interference, channels.user_noise_ratio)
        design = replace(design, common_rate=allocate_common_rate(rates.common, rates.private).common_rate)
    metrics = evaluate(parameters, channels, design)
    promised = metrics["margin_crb" if parameters.clutter is None else "margin_scnr"]
    sensing = jnp.where(mode.sensing > 0.5, promised, 0.0)
    worst = jnp.min(jnp.stack([sensing, metrics["margin_power"], metrics["margin_common_rate"]]))
    return Solution(
        value=design,
        status=nonfinite_where(status, metrics["min_rate"], worst),
        objective=metrics["min_rate"],
        violation=jnp.maximum(-worst, 0.0),
        iterations=iterations,
        history=history,
    )
