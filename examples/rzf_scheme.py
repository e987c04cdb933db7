"""A scheme of one's own beside those of ``self-backhaul``: regularised zero forcing, in the same store and figure.

leoisac check examples/rzf_scheme.py
leoisac run scenarios/my.toml --plugin examples/rzf_scheme.py      # with schemes = ["pa1", "rzf"] in it
"""

import jax.numpy as jnp

import leoisac as li


@li.scheme(system="self-backhaul", name="rzf", label="RZF")
def rzf(d):
    """Regularised zero forcing; least sensing that meets the pattern; a feeder beam that carries what users get."""
    targets, num_users = d.satellite_steering, d.h_users.shape[0]
    sensing = jnp.einsum("ti,tj->ij", targets, jnp.conj(targets))
    reached = jnp.real(jnp.einsum("ti,ij,tj->t", jnp.conj(targets), sensing, targets))
    sensing = sensing * jnp.max(d.pattern_min / reached)
    load = num_users * d.noise_power / d.bs_power * jnp.eye(num_users)
    beams = jnp.linalg.solve(d.h_users @ jnp.conj(d.h_users).T + load, d.h_users)
    beams = beams * jnp.sqrt(d.bs_power) / jnp.linalg.norm(beams)
    access = jnp.sum(li.terms.rate(li.terms.sinr(d.h_users, beams.T, noise=d.noise_power)))
    noise = (
        d.noise_power + jnp.real(jnp.vdot(d.g_es, sensing @ d.g_es)) + jnp.sum(jnp.abs(beams @ jnp.conj(d.h_es)) ** 2)
    )
    needed = (2.0**access - 1.0) * noise / jnp.linalg.norm(d.g_es) ** 2
    power = jnp.clip(needed, 0.0, d.satellite_power - jnp.real(jnp.trace(sensing)))
    return {
        "bs_beams": beams,
        "satellite_beam": d.g_es * jnp.sqrt(power) / jnp.linalg.norm(d.g_es),
        "sensing_covariance": sensing,
    }
