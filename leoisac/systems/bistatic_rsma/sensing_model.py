"""What the radar receiver simulates, hears and finds out: the sensing half of the pytrees of the system."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["target_m", "echo_snr", "delay", "doppler_hz", "max_doppler_hz", "cutoff_m"],
    meta_fields=[],
)
@dataclass(frozen=True)
class FurtherTargets:
    """Targets beside the one that designs know; SI.

    Attributes:
        target_m: positions.
        echo_snr, delay: of every one, as in ``EchoScene``.
        doppler_hz: of the motion; ``None`` where shifts are drawn, uniform up to ``max_doppler_hz``.
        max_doppler_hz: largest shift drawn.
        cutoff_m: of the GOSPA metric.
    """

    target_m: Leaf  # (further, 3)
    echo_snr: Leaf  # (further,)
    delay: Leaf  # (further,)
    doppler_hz: Leaf | None  # (further,)
    max_doppler_hz: Leaf
    cutoff_m: Leaf


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["u", "w", "delay", "doppler_hz", "position_m", "valid"],
    meta_fields=[],
)
@dataclass(frozen=True)
class Detections:
    """What the receiver takes for echoes, in the order in which it found them; room for two more than targets.

    Attributes:
        u, w: direction cosines of arrival.
        delay: samples after the offset.
        doppler_hz: Doppler shifts.
        position_m: where direction and delay meet.
        valid: which entries are detections.
    """

    u: Leaf  # (detection,)
    w: Leaf  # (detection,)
    delay: Leaf  # (detection,)
    doppler_hz: Leaf  # (detection,)
    position_m: Leaf  # (detection, 3)
    valid: Leaf  # (detection,)


@partial(jax.tree_util.register_dataclass, data_fields=["position_m", "used"], meta_fields=[])
@dataclass(frozen=True)
class MultistaticFix:
    """Position by the echoes of all receivers.

    Attributes:
        position_m: relative to the first receiver.
        used: how many receivers it rests on.
    """

    position_m: Leaf  # (3,)
    used: Leaf


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "satellite_m",
        "satellite_axes",
        "direct_snr",
        "direct_delay",
        "reference_noise",
        "ground_m",
        "ground_snr",
        "ground_doppler_hz",
        "texture_spread",
        "cancellation",
        "taps",
        "dopplers",
        "batches",
        "num_samples",
        "sample_time_s",
        "speed_of_light_m_s",
        "satellite_array",
        "receiver_array",
    ],
    meta_fields=[],
)
@dataclass(frozen=True)
class Interference:
    """What the radar receiver hears besides the echo, and what it does against it; SI, powers over the noise.

    Attributes:
        satellite_m, satellite_axes: as in ``EchoScene``.
        direct_snr: ``|alpha_d|^2 / sigma^2``, 1/W.
        direct_delay: samples after the start of the window.
        reference_noise: of the reference channel over its signal; 0 where the block is known exactly.
        ground_m, ground_snr, ground_doppler_hz: cells of the ground, ``|alpha_c|^2 / sigma^2``; none without clutter.
        texture_spread: variance of the cells' gamma texture (one over its shape); 0 without one.
        cancellation: indices into ``config.CANCELLERS``, in the order of application.
        taps, dopplers, batches: of the cancellers.
        num_samples, sample_time_s, speed_of_light_m_s, satellite_array, receiver_array: as in ``EchoScene``.
    """

    satellite_m: Leaf  # (3,)
    satellite_axes: Leaf  # (3, 3)
    direct_snr: Leaf
    direct_delay: Leaf
    reference_noise: Leaf
    ground_m: Leaf  # (cell, 3)
    ground_snr: Leaf  # (cell,)
    ground_doppler_hz: Leaf  # (cell,)
    texture_spread: Leaf
    cancellation: Leaf  # (canceller,)
    taps: Leaf
    dopplers: Leaf
    batches: Leaf
    num_samples: Leaf
    sample_time_s: Leaf
    speed_of_light_m_s: Leaf
    satellite_array: Leaf  # (2,)
    receiver_array: Leaf  # (2,)


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "satellite_m",
        "satellite_axes",
        "target_m",
        "echo_snr",
        "sample_time_s",
        "speed_of_light_m_s",
        "num_samples",
        "max_delay",
        "delay_offset",
        "delay",
        "echo_delay",
        "doppler_search_hz",
        "aoa_offset",
        "estimator",
        "amplitude_known",
        "search_beams",
        "false_alarm_rate",
        "satellite_array",
        "receiver_array",
        "map_points",
        "early",
        "doppler_centre_hz",
        "calibration_error",
        "waveform",
        "subcarriers",
        "interference",
        "further",
        "motion_doppler_hz",
        "max_doppler_hz",
        "monostatic",
    ],
    meta_fields=[],
)
@dataclass(frozen=True)
class EchoScene:
    """The target and its echo, relative to the receiver; SI and radians.

    Attributes:
        satellite_m, satellite_axes, target_m: positions, and the rows of the panel's axes.
        echo_snr: ``|alpha|^2 / sigma^2``, 1/W: SNR of one receiver element per watt of target gain.
        sample_time_s, speed_of_light_m_s: sampling interval and speed of light.
        num_samples: transmitted samples L.
        max_delay: delays searched, samples; the window has L and these.
        delay_offset: whole samples of the direct path, where the window starts.
        delay: the echo's true delay after the offset, samples.
        echo_delay: the delay that is simulated; the same, or rounded to samples.
        doppler_search_hz: Doppler shifts searched, both signs.
        aoa_offset: deliberate error added to the estimated angle of arrival (azimuth, zenith).
        estimator: the receiver, an index into ``config.ESTIMATORS``.
        amplitude_known: 1 where the ml receiver knows the echo's complex amplitude.
        search_beams: strongest beams in which the ml receiver looks for the block.
        false_alarm_rate: probability that noise alone counts as an echo.
        satellite_array, receiver_array: elements along x and y.
        early: samples of the window before the direct path.
        doppler_centre_hz: Doppler shift that the receiver compensates; others are relative to it.
        calibration_error: standard deviation of the phase errors of receiver elements, radians.
        waveform: of the block, an index into ``waveforms.blocks.BLOCKS``.
        subcarriers: of OFDM and OTFS frames.
        interference: what else is heard; ``None`` for the paper's clean window.
        further: targets beside this one; ``None`` where it is the only one.
        motion_doppler_hz: Doppler shift of the motion, and
        max_doppler_hz: largest one where they are drawn, of receivers after the first.
        monostatic: 1 where the requirement is of a receiver on the satellite, which is not simulated.
        map_points: points per side of the stored MUSIC spectrum, 0 for none; then the delay-Doppler map is not kept
            either.
    """

    satellite_m: Leaf  # (3,)
    satellite_axes: Leaf  # (3, 3)
    target_m: Leaf  # (3,)
    echo_snr: Leaf
    sample_time_s: Leaf
    speed_of_light_m_s: Leaf
    num_samples: Leaf
    max_delay: Leaf
    delay_offset: Leaf
    delay: Leaf
    echo_delay: Leaf
    doppler_search_hz: Leaf
    aoa_offset: Leaf  # (2,)
    estimator: Leaf
    amplitude_known: Leaf
    search_beams: Leaf
    false_alarm_rate: Leaf
    satellite_array: Leaf  # (2,)
    receiver_array: Leaf  # (2,)
    map_points: Leaf
    early: Leaf
    doppler_centre_hz: Leaf
    calibration_error: Leaf
    waveform: Leaf
    subcarriers: Leaf
    interference: Interference | None = None
    further: FurtherTargets | None = None
    motion_doppler_hz: Leaf | None = None
    max_doppler_hz: Leaf = 0.0
    monostatic: Leaf = 0.0


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "aoa_azimuth",
        "aoa_zenith",
        "eigenvalue_ratio",
        "delay",
        "doppler_hz",
        "aod_azimuth",
        "aod_off_nadir",
        "position_m",
        "prominence",
        "false_alarm",
        "music_spectrum",
        "delay_doppler_map",
        "interference_to_noise",
        "residual_to_noise",
        "echo_kept",
        "detections",
        "fix",
    ],
    meta_fields=[],
)
@dataclass(frozen=True)
class Estimate:
    """What the receiver finds out about the target from one echo.

    Attributes:
        aoa_azimuth, aoa_zenith: angle of arrival, radians.
        eigenvalue_ratio: power in the direction found over the mean of the others: of the principal eigenvector
            (music), of the beam (beamscan), of the fitted echo (ml).
        delay: samples after the offset.
        doppler_hz: Doppler shift.
        aod_azimuth, aod_off_nadir: angle of departure, radians.
        position_m: target position relative to the receiver.
        prominence: peak of the delay-Doppler map over its median; of ml over that of noise alone.
        false_alarm: probability that noise alone has such a peak.
        interference_to_noise, residual_to_noise: power of direct path and ground over noise, per element and sample,
            before and after cancellation; ``None`` where there is none.
        echo_kept: share of the echo's energy that cancellation leaves.
        detections: all echoes, where there are several targets; the rest is then of the one nearest to the first.
        fix: position by several receivers; ``None`` where there is one.
        music_spectrum, delay_doppler_map: relative to their largest values; ``None`` where none are kept.
    """

    aoa_azimuth: Leaf
    aoa_zenith: Leaf
    eigenvalue_ratio: Leaf
    delay: Leaf
    doppler_hz: Leaf
    aod_azimuth: Leaf
    aod_off_nadir: Leaf
    position_m: Leaf  # (3,)
    prominence: Leaf
    false_alarm: Leaf
    music_spectrum: Leaf | None = None  # (pattern_y, pattern_x)
    delay_doppler_map: Leaf | None = None  # (delay, doppler)
    interference_to_noise: Leaf | None = None
    residual_to_noise: Leaf | None = None
    echo_kept: Leaf | None = None
    detections: Detections | None = None
    fix: MultistaticFix | None = None
