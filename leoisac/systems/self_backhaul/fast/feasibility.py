r"""Least power that carries the required rates and beampattern: exact feasibility test and starting point.

All quantities are in the normalised units of the solvers: noise 1 and both power budgets 1. Lifting drops nothing here:
with the satellite pattern the recovered beams are as good as the lifted matrices.
"""

from __future__ import annotations

from dataclasses import dataclass

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax
from leoisac.optim.batched.rank_one_blocks import BlockFamily
from leoisac.optim.batched.rank_one_sdp import DualSolution, maximise_dual

import jax.numpy as jnp  # isort: skip
from jaxtyping import Array, Complex, Float, Int

CEILING = 1e6
"""Powers of half this many budgets and above count as infinite."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class StartPower:
    """Outcome of :func:`start_power`, noise and budgets 1.

    Attributes:
        upper: power level ``u`` that the lifted matrices reach; infinite where no power suffices.
        lower: bound of the optimal ``u`` from below by a dual point (weak duality). Above 1, it proves that no design
            meets the requirements.
        feasible: whether ``upper <= 1``.
        converged: whether the bounds met the tolerance, or no power suffices.
        W: lifted beams of the base station.
        V: lifted data beam of the satellite.
        V0: sensing covariance, of rank at most the number of targets.
        w: recovered beams ``W_m h_m / sqrt(h_m^H W_m h_m)`` as rows.
        v: recovered data beam ``V g_s / sqrt(g_s^H V g_s)``.
        U0: factor of the sensing covariance, ``V0 = U0 U0^H``, one column per target.
        iterations: factorisations made.

    Where no power suffices all designs are zero. With ``bs_targets`` the recovered beams may need more than ``upper``.
    """

    upper: Leaf  # real scalar
    lower: Leaf  # real scalar
    feasible: Leaf  # bool
    converged: Leaf  # bool
    W: Leaf  # complex (user, antenna, antenna)
    V: Leaf  # complex (feed, feed)
    V0: Leaf  # complex (feed, feed)
    w: Leaf  # complex (user, antenna)
    v: Leaf  # complex (feed)
    U0: Leaf  # complex (feed, target)
    iterations: Leaf  # integer


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class _Requirements:
    h_users: Array
    h_es: Array
    g_users: Array
    g_es: Array
    targets: Array
    bs_targets: Array
    demands: Array
    sinr: Array
    es_sinr: Array


def start_power(
    h_users: Complex[Array, "user antenna"],
    h_es: Complex[Array, " antenna"],
    g_users: Complex[Array, "user feed"],
    g_es: Complex[Array, " feed"],
    targets: Complex[Array, "target feed"],
    demands: Float[Array, " target"],
    sinr_target: float | Float[Array, ""] | Float[Array, " user"],
    es_sinr_target: float | Float[Array, ""],
    *,
    bs_targets: Complex[Array, "target antenna"] | None = None,
    power_weight: float | Float[Array, ""] = 0.0,
    tolerance: float | Float[Array, ""] = 1e-8,
    max_iterations: int | Int[Array, ""] = 200,
) -> StartPower:
    r"""Minimise the power level ``u`` of base station and satellite that meets all requirements.

    .. math::
        \min\ u+\epsilon(p_T+p_S)\quad\text{s.t.}\quad
        &p_T=\sum_m\operatorname{tr}W_m\le u,\qquad p_S=\operatorname{tr}(V+V_0)\le u,\\
        &h_m^HW_mh_m/\gamma_m-\sum_{n\ne m}h_m^HW_nh_m-g_m^H(V+V_0)g_m\ge1,\\
        &g_s^HVg_s/\gamma_s-h_s^H\textstyle\sum_mW_mh_s-g_s^HV_0g_s\ge1,\qquad a_t^HV_0a_t\ge\Gamma_t .

    It is solved through its Lagrangian dual in the :math:`M+T+2` unknowns :math:`\alpha` (share of the base station),
    :math:`q_m`, :math:`q_s`, :math:`y_t`: maximise :math:`\sum_mq_m+q_s+\sum_ty_t\Gamma_t` such that

    .. math::
        (\alpha+\epsilon)I+\textstyle\sum_{n\ne m}q_nh_nh_n^H+q_sh_sh_s^H-(q_m/\gamma_m)h_mh_m^H&\succeq0,\\
        (1-\alpha+\epsilon)I+\textstyle\sum_mq_mg_mg_m^H-(q_s/\gamma_s)g_sg_s^H&\succeq0,\\
        (1-\alpha+\epsilon)I+\textstyle\sum_mq_mg_mg_m^H+q_sg_sg_s^H-\sum_ty_ta_ta_t^H&\succeq0 .

    Args:
        h_users, h_es: channels from the base station, :math:`h_m` as rows and :math:`h_s`.
        g_users, g_es: channels from the satellite, :math:`g_m` as rows and :math:`g_s`.
        targets: steering vectors :math:`a_t` of the satellite as rows.
        demands: beampattern thresholds :math:`\Gamma_t`.
        sinr_target: :math:`\gamma_m=2^{r_0}-1 > 0`, common or per user.
        es_sinr_target: :math:`\gamma_s=2^{Mr_0}-1 > 0`.
        bs_targets: steering vectors of the base station as rows; its power then counts in the pattern.
        power_weight: :math:`\epsilon`. Zero gives the exact level; a small weight such as 1e-3 also keeps the
            transmitter that does not set the level from wasting power, and loosens ``lower`` by ``1 + 2 epsilon``.
        tolerance: relative gap at which to stop.
        max_iterations: bound on the number of factorisations; about 45 are usual.
    """
    users = h_users.shape[0]
    needs = _Requirements(
        h_users=h_users,
        h_es=h_es,
        g_users=g_users,
        g_es=g_es,
        targets=targets,
        bs_targets=jnp.zeros((0, h_es.size), dtype=h_es.dtype) if bs_targets is None else bs_targets,
        demands=demands,
        sinr=jnp.broadcast_to(jnp.asarray(sinr_target, dtype=float), (users,)),
        es_sinr=jnp.asarray(es_sinr_target, dtype=float),
    )
    families, bases = _families(needs, jnp.asarray(power_weight, dtype=float))
    variables = users + 2 + demands.size
    solution = maximise_dual(
        jnp.concatenate([jnp.zeros(1), jnp.ones(users + 1), demands]),
        families,
        jnp.full(variables, jnp.inf).at[0].set(1.0),
        _interior_point(needs),
        tolerance=tolerance,
        ceiling=CEILING,
        max_iterations=max_iterations,
    )
    return _designs(needs, solution, bases, jnp.asarray(power_weight, dtype=float))


def _families(needs: _Requirements, power_weight: Array) -> tuple[tuple[BlockFamily, ...], tuple[Array, ...]]:
    """Blocks of ``W_m``, ``V`` and ``V0`` in coordinates of the spans of their atoms, and the bases of these spans."""
    users, count = needs.h_users.shape[0], needs.demands.size
    unit = jnp.eye(users + 2 + count)
    share, user, es, pattern = unit[0], unit[1 : users + 1], unit[users + 1 : users + 2], unit[users + 2 :]

    from_bs = jnp.concatenate([needs.h_users, needs.h_es[None], needs.bs_targets])
    bs_weights = jnp.concatenate([user, es, -pattern[: len(needs.bs_targets)]])
    # The strong feeder link comes first: graded coordinates keep the digits of the weak directions.
    from_satellite = jnp.concatenate([needs.g_es[None], needs.g_users, needs.targets])
    data_weights = jnp.concatenate([-es / needs.es_sinr, user, 0 * pattern])
    sensing_weights = jnp.concatenate([es, user, -pattern])

    def family(columns: Array, weights: Array, identity: Array, constant: Array, own: Array) -> BlockFamily:
        return BlockFamily(columns.T, weights, jnp.zeros(len(weights)), identity, constant, own)

    bs_basis, bs = jnp.linalg.qr(from_bs.T)
    basis, satellite = jnp.linalg.qr(from_satellite.T)
    families = (
        family(bs, bs_weights, share, power_weight, -user / needs.sinr[:, None]),
        family(satellite, data_weights, -share, 1 + power_weight, data_weights[:1]),
        family(satellite, sensing_weights, -share, 1 + power_weight, sensing_weights[:1]),
    )
    return families, (bs_basis, basis, basis)


def _interior_point(needs: _Requirements) -> Array:
    """A strictly feasible dual point: every negative term takes at most half of its identity, half a unit each."""
    count = needs.demands.size
    user = 0.25 * jnp.minimum(1.0, needs.sinr / jnp.maximum(_norms(needs.h_users), 1e-30))
    es = 0.25 * jnp.minimum(1.0, needs.es_sinr / jnp.maximum(_norms(needs.g_es), 1e-30))
    length = _norms(needs.targets)
    if len(needs.bs_targets):
        length = length + _norms(needs.bs_targets)
    pattern = 0.1 / max(count, 1) * jnp.minimum(1.0, 1 / jnp.maximum(length, 1e-30))
    return jnp.concatenate([jnp.array([0.5]), user, es[None], pattern])


def _norms(vectors: Array) -> Array:
    return jnp.sum(jnp.abs(vectors) ** 2, axis=-1)


def _designs(needs: _Requirements, solution: DualSolution, bases: tuple[Array, ...], power_weight: Array) -> StartPower:
    W, V, V0 = (basis @ block @ basis.conj().T for basis, block in zip(bases, solution.primal, strict=True))
    V, V0 = V[0], V0[0]
    U0 = _pattern_factor(V0, needs.targets)
    V0 = U0 @ U0.conj().T
    w = _beam(W, needs.h_users)
    v = _beam(V, needs.g_es)

    possible = jnp.isfinite(solution.gap) & ~solution.unbounded
    scale, fits = _scale(needs, W, V, V0)
    fits = fits & possible
    scale = jnp.where(fits, scale, 0.0)
    upper = scale * jnp.maximum(jnp.real(jnp.trace(W, axis1=1, axis2=2)).sum(), jnp.real(jnp.trace(V) + jnp.trace(V0)))
    upper = jnp.where(fits, upper, jnp.inf)

    outer_w = w[:, :, None] * w[:, None, :].conj()
    beam_scale, beams_fit = _scale(needs, outer_w, jnp.outer(v, v.conj()), V0)
    root = jnp.sqrt(jnp.where(beams_fit & possible, beam_scale, 0.0))
    return StartPower(
        upper=upper,
        lower=solution.dual_value / (1 + 2 * power_weight),
        feasible=upper <= 1,
        converged=(solution.converged & fits) | solution.unbounded,
        W=scale * W,
        V=scale * V,
        V0=root**2 * V0,
        w=root * w,
        v=root * v,
        U0=root * U0,
        iterations=solution.iterations,
    )


def _beam(covariance: Array, channel: Array) -> Array:
    """``X h / sqrt(h^H X h)``: the same signal with no more power or interference than ``X``."""
    image = jnp.einsum("...ij,...j->...i", covariance, channel)
    signal = jnp.real(jnp.sum(channel.conj() * image, axis=-1, keepdims=True))
    return image / jnp.sqrt(jnp.where(signal > 0, signal, 1.0))


def _pattern_factor(covariance: Array, targets: Array) -> Array:
    """``V0 A (A^H V0 A)^(-1/2)``: the same pattern at the targets with no more power or interference than ``V0``."""
    image = covariance @ targets.T
    values, vectors = jnp.linalg.eigh(targets.conj() @ image)
    usable = values > 1e-14 * jnp.max(values, initial=0.0)
    return (image @ vectors) * jnp.where(usable, 1 / jnp.sqrt(jnp.where(usable, values, 1.0)), 0.0)


def _scale(needs: _Requirements, W: Array, V: Array, V0: Array) -> tuple[Array, Array]:
    """Common factor that makes the tightest requirement exact, and whether there is one."""

    def power(channels: Array, covariance: Array) -> Array:
        return jnp.real(jnp.einsum("mi,...ij,mj->...m", channels.conj(), covariance, channels))

    received = power(needs.h_users, W)
    own = jnp.diagonal(received)
    others = jnp.sum(received * (1 - jnp.eye(len(own))), axis=0)
    margin = own / needs.sinr - others - power(needs.g_users, V + V0)
    es = needs.g_es[None]
    es_margin = power(es, V) / needs.es_sinr - power(needs.h_es[None], W).sum(axis=0) - power(es, V0)
    pattern = power(needs.targets, V0)
    if len(needs.bs_targets):
        pattern = pattern + power(needs.bs_targets, W).sum(axis=0)
    wanted = needs.demands > 0
    reached = jnp.concatenate(
        [margin, es_margin, jnp.where(wanted, pattern / jnp.where(wanted, needs.demands, 1.0), 1.0)]
    )
    fits = jnp.all(reached > 0)
    required = jnp.where(
        jnp.concatenate([jnp.ones(len(own) + 1, dtype=bool), wanted]), 1 / jnp.where(reached > 0, reached, 1.0), 0.0
    )
    return jnp.max(required), fits
