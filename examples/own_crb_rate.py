"""A system of one's own in one file: rate of users against the Cramér-Rao bounds of targets, on channels drawn here.

    leoisac check examples/own_crb_rate.py                            # is everything as it must be?
    leoisac run crb-rate/power --plugin examples/own_crb_rate.py      # table, dataset, figure; then resume, report, ...

A base station with a line of antennas serves users and estimates angle and complex amplitude of targets from the echoes
of the same signals. Objective as in arXiv:2503.09489: ``weight * sum rate (nats) - trace of the bounds``.
"""

import jax
import jax.numpy as jnp
from pydantic import Field

import leoisac as li
from leoisac.metrics.fisher import point_target_derivatives
from leoisac.problems import Beams, at_most, maximise


class CrbRateConfig(li.Config):
    """Units stand at the ends of names; formulas see SI: power_dbm is power, in W."""

    num_users: int = Field(3, ge=1, description="number of users")
    num_antennas: int = Field(8, ge=2, description="transmit antennas, half a wavelength apart")
    num_receive: int = Field(10, ge=2, description="receive antennas, half a wavelength apart")
    sensing_streams: int = Field(2, ge=1, description="streams that serve no user")
    target_deg: tuple[float, ...] = Field((-40.0, 30.0), description="mean directions of the targets")
    spread_deg: float = Field(10.0, ge=0, description="how far a target may be from its mean direction")
    amplitude: float = Field(0.1, gt=0, description="modulus of the targets' amplitudes")
    power_dbm: float = Field(10.0, description="transmit power")
    noise_dbm: float = Field(0.0, description="noise power of a receiver")
    weight: float = Field(0.25, ge=0, description="weight of the sum rate against the bounds")
    num_snapshots: float = Field(30.0, ge=1, description="snapshots of the echo")


def draw(c, key):
    """One trial: Rayleigh channels of the users, and what the echo says of angles and amplitudes."""
    k_users, k_angle, k_phase = jax.random.split(key, 3)
    parts = jax.random.normal(k_users, (2, c.num_users, c.num_antennas))
    angle = c.target + c.spread * jax.random.uniform(k_angle, c.target.shape, minval=-1.0)
    alpha = c.amplitude * jnp.exp(2j * jnp.pi * jax.random.uniform(k_phase, c.target.shape))
    b, db = steering(c.num_receive, angle)
    a, da = steering(c.num_antennas, angle)
    return {
        "h": (parts[0] + 1j * parts[1]) / jnp.sqrt(2.0),
        "derivatives": point_target_derivatives(alpha, b, a, db[None], da[None]),
    }


def steering(size, angle):
    """Steering vectors of unit norm (target, antenna), and their slopes per radian."""
    phase = jnp.pi * (jnp.arange(size) - (size - 1) / 2)
    vector = jnp.exp(1j * jnp.sin(angle)[:, None] * phase) / jnp.sqrt(size)
    return vector, 1j * phase * jnp.cos(angle)[:, None] * vector


def statement(v, d):
    """Weighted sum rate less the trace of the Cramér-Rao bounds."""
    rates = jnp.log1p(li.terms.sinr(d.h, v.w, noise=d.noise))
    crb = li.terms.crb(d.derivatives, v.w, noise=d.noise, snapshots=d.num_snapshots)
    power = at_most(li.terms.power(v.w), d.power)
    return maximise(d.weight * jnp.sum(rates) - jnp.sum(crb), subject_to={"power": power})


def joint(d):
    """Beams for all users and for sensing, designed together."""
    return li.Problem(statement, {"w": Beams(antennas=d.num_antennas, streams=d.num_users + d.sensing_streams)})


def zero_forcing(d):
    """Regularised zero forcing with a share of the power spread over all directions."""
    gram = d.h @ jnp.conj(d.h).T + d.num_users * d.noise / d.power * jnp.eye(d.num_users)
    beams = d.h.T @ jnp.conj(jnp.linalg.inv(gram))
    spread = jnp.eye(d.num_antennas, d.sensing_streams)
    w = jnp.hstack([beams / jnp.linalg.norm(beams), 0.5 * spread / jnp.linalg.norm(spread)])
    return {"w": jnp.sqrt(d.power) * w / jnp.linalg.norm(w)}


@li.metric("sum rate", "bit/s/Hz", least=0.0)
def sum_rate(v, d):
    return jnp.sum(li.terms.rate(li.terms.sinr(d.h, v.w, noise=d.noise)))


@li.metric("Cramér-Rao bound of the angle of a target", "rad²", axes=("target",), least=0.0)
def crb_angle(v, d):
    targets = d.target.shape[0]
    return li.terms.crb(d.derivatives, v.w, noise=d.noise, snapshots=d.num_snapshots, wanted=targets)


SYSTEM = li.system(
    "crb-rate",
    title="Rate of users against Cramér-Rao bounds of targets",
    config=CrbRateConfig,
    draw=draw,
    channels={"h": ("user", "antenna"), "derivatives": ("parameter", "rx", "antenna")},
    problems={"joint": joint},
    baselines={"zero-forcing": zero_forcing},
    metrics={"sum_rate": sum_rate, "crb_angle": crb_angle},
    studies=(li.Study("power", ("joint", "zero-forcing"), sweep={"power_dbm": [4.0, 7.0, 10.0, 13.0]}, trials=100),),
    starts=4,
)
