"""A scheme of one's own beside those of ``self-backhaul``: regularised zero forcing, in the same store and figure.

leoisac check examples/rzf_scheme.py
leoisac init self-backhaul --plugin examples/rzf_scheme.py > my.toml     # lists it among the schemes
leoisac run my.toml --plugin examples/rzf_scheme.py
"""

import jax
import jax.numpy as jnp

import leoisac as li


@li.scheme(system="self-backhaul", name="rzf", label="RZF")
def rzf(d):
    """Regularised zero forcing; sensing that just meets the pattern; the best power of a matched feeder beam."""
    load = d.h_users.shape[0] * d.noise_power / d.bs_power * jnp.eye(d.h_users.shape[0])
    beams = jnp.linalg.solve(d.h_users @ jnp.conj(d.h_users).T + load, d.h_users)
    beams = beams * jnp.sqrt(d.bs_power) / jnp.linalg.norm(beams)
    targets, feeder = d.satellite_steering, d.g_es / jnp.linalg.norm(d.g_es)
    sensing = jnp.einsum("ti,tj->ij", targets, jnp.conj(targets))
    sensing = sensing * jnp.max(d.pattern_min / li.terms.beampattern(targets, covariance=sensing))
    noise = d.noise_power + li.terms.interference(d.g_users, covariance=sensing)  # at the users
    noise_es = (
        d.noise_power
        + jnp.sum(li.terms.beampattern(d.h_es, beams.T))
        + li.terms.beampattern(d.g_es, covariance=sensing)
    )

    def carried(power):
        disturbed = noise + power * li.terms.interference(d.g_users, feeder[:, None])
        access = jnp.sum(li.terms.rate(li.terms.sinr(d.h_users, beams.T, noise=disturbed)))
        return jnp.minimum(access, li.terms.rate(power * li.terms.beampattern(d.g_es, feeder[:, None]) / noise_es))

    powers = (d.satellite_power - jnp.real(jnp.trace(sensing))) * jnp.logspace(-6.0, 0.0, 61)
    power = powers[jnp.argmax(jax.vmap(carried)(powers))]
    return {"bs_beams": beams, "satellite_beam": jnp.sqrt(power) * feeder, "sensing_covariance": sensing}
