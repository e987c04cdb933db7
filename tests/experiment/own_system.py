"""A system in one file for tests, with a closed form: one user, whose best beam is matched to its channel."""

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import Field

import leoisac as li
from leoisac.problems import Beams, at_least, at_most, maximise


class OwnConfig(li.Config):
    num_antennas: int = Field(2, ge=1, description="antennas")
    power_dbw: float = Field(10.0, description="transmit power")
    noise_dbw: float = Field(0.0, description="noise power")
    min_snr_db: float = Field(-10.0, description="least SNR")


def draw(c, key):
    parts = jax.random.normal(key, (2, 1, c.num_antennas))
    return {"h": (parts[0] + 1j * parts[1]) / jnp.sqrt(2.0)}


def statement(v, d):
    """Rate of the user."""
    snr = li.terms.sinr(d.h, v.w, noise=d.noise)
    constraints = {"power": at_most(li.terms.power(v.w), d.power), "snr": at_least(snr, d.min_snr)}
    return maximise(jnp.sum(li.terms.rate(snr)), subject_to=constraints)


def problem(d):
    """Best beam."""
    return li.Problem(statement, {"w": Beams(antennas=d.num_antennas, streams=1)})


def first_antenna(d):
    """All power on one antenna."""
    return {"w": jnp.zeros((d.num_antennas, 1)).at[0, 0].set(jnp.sqrt(d.power)) + 0j}


def matched(d):
    """The closed form, trial by trial."""
    return {"w": d.h.T * np.sqrt(d.power) / np.linalg.norm(d.h)}


@li.metric("rate of a user", "bit/s/Hz", axes=("user",), least=0.0)
def rate(v, d):
    return li.terms.rate(li.terms.sinr(d.h, v.w, noise=d.noise))


SYSTEM = li.system(
    "own-link",
    config=OwnConfig,
    draw=f"{__name__}:draw",
    channels={"h": ("user", "antenna")},
    problems={"best": problem},
    baselines={"first-antenna": first_antenna},
    references={"best": matched},
    metrics={"rate": rate},
    studies=(li.Study("power", ("best", "first-antenna"), sweep={"power_dbw": [0.0, 10.0]}, trials=4),),
    headline="goal",
    starts=1,
)
