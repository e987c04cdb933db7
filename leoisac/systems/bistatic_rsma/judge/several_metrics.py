"""What is reported of several targets and of several receivers. Traceable."""

from __future__ import annotations

from typing import Any

from jaxtyping import Array, Float

from leoisac.foundation.jax_setup import jnp
from leoisac.geometry.bistatic import arrival_angles, unit_direction
from leoisac.metrics.multistatic import arrivals, position_information, without_nuisance
from leoisac.metrics.target_sets import associate, gospa
from leoisac.systems.bistatic_rsma.judge.bounds import information_at
from leoisac.systems.bistatic_rsma.model import Channels, Design, Detections, EchoScene, Parameters


def several_metrics(parameters: Parameters, channels: Channels, design: Design) -> dict[str, Float[Array, "..."]]:
    """Metrics of an echo route with several targets or receivers; none with one of each."""
    assert design.estimate is not None
    metrics: dict[str, Any] = {}
    if design.estimate.detections is not None:
        metrics |= detection_metrics(parameters.scene, design.estimate.detections)
    if design.estimate.fix is not None:
        fix = design.estimate.fix
        bound = multistatic_bound((parameters.scene, *parameters.receivers), channels, design.precoder)
        metrics |= {
            "multistatic_error": jnp.linalg.norm(fix.position_m - parameters.scene.target_m),
            "multistatic_bound": bound,
            "receivers_used": jnp.asarray(fix.used, dtype=float),
        }
    return metrics


def detection_metrics(scene: EchoScene, detections: Detections) -> dict[str, Float[Array, "..."]]:
    """Targets found, ghosts, and the distance between both sets.

    A detection is a target's if it is within a resolution cell of it: directions and delay together, in cells of
    ``2 / rows``, ``2 / columns`` and one sample, less than one from it. Detections that are nobody's are ghosts.
    """
    assert scene.further is not None
    places = jnp.concatenate([scene.target_m[None], scene.further.target_m])
    delays = jnp.concatenate([scene.delay[None], scene.further.delay])
    seen = unit_direction(*arrival_angles(jnp.zeros(3), places))
    rows, columns = scene.receiver_array
    u, w, late = (
        (here[None, :] - there[:, None]) / cell
        for here, there, cell in (
            (detections.u, seen[:, 0], 2.0 / rows),
            (detections.w, seen[:, 1], 2.0 / columns),
            (detections.delay, delays, 1.0),
        )
    )
    # A miss costs a cell: what is further away is no detection of the target.
    found = associate(jnp.sqrt(u**2 + w**2 + late**2), detections.valid).detection >= 0
    distance = jnp.linalg.norm(places[:, None] - detections.position_m, axis=-1)
    count = jnp.sum(found)
    return {
        "target_found": found.astype(float),
        "targets_found": count.astype(float),
        "ghosts": (jnp.sum(detections.valid) - count).astype(float),
        "gospa": gospa(distance, detections.valid, scene.further.cutoff_m),
    }


def multistatic_bound(
    scenes: tuple[EchoScene, ...], channels: Channels, precoder: Any, doppler_hz: Any = None
) -> Float[Array, ""]:
    """Bound of the squared distance of a position from all receivers, m^2.

    Information about (u, w, delay) at every receiver, where its Doppler shift and amplitude are not known, through the
    slopes of the three by the position, summed. Doppler shifts are the first receiver's, or as given: no number here
    depends on them but by a millionth.
    """
    doppler = 0.0 if channels.echo is None else channels.echo.doppler_hz
    total = jnp.zeros((3, 3))
    for index, scene in enumerate(scenes):
        direction = scene.target_m / jnp.linalg.norm(scene.target_m)
        point = jnp.stack([direction[0], direction[1], scene.delay])
        shift = doppler if doppler_hz is None else doppler_hz[index]
        information = information_at(scene, precoder, point, shift, scene.echo_snr, amplitude_known=False)
        kept = in_metres(scene, without_nuisance(scaled(scene, information), 3))
        slopes = arrivals(scene.satellite_m, jnp.zeros((1, 3)), scene.target_m).slopes
        total = total + position_information(slopes, kept[None])
    return jnp.trace(jnp.linalg.inv(total))


def scaled(scene: EchoScene, information: Float[Array, "4 4"]) -> Float[Array, "4 4"]:
    """The information with Doppler shifts counted in cells, so that its numbers are of one size."""
    cell = jnp.stack([1.0, 1.0, 1.0, 1.0 / (scene.num_samples * scene.sample_time_s)])
    return information * cell[:, None] * cell


def in_metres(scene: EchoScene, information: Float[Array, "3 3"]) -> Float[Array, "3 3"]:
    """Information about (u, w, delay in samples) as that about (u, w, path in metres)."""
    unit = jnp.stack([1.0, 1.0, 1.0 / (scene.sample_time_s * scene.speed_of_light_m_s)])
    return information * unit[:, None] * unit
