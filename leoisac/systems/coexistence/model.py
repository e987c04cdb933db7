"""What flows through the system: parameters, channels and designs, all pytrees.

Conventions: transmit channels are **rows**, the received amplitude of a beamformer ``F`` is ``h @ F`` without a
conjugate; receive filters are rows too. Streams ``0..K-1`` carry the users' data, stream ``K + i`` is the radar signal
of target ``i``. Beamformers are in sqrt(W), rates in bit/s/Hz.

The normalised cell (``cell_program.CellProblem``) is what the optimisers of P1 and P3 see: one association, amplitudes
over the noise's standard deviation with both power budgets folded in, so that the noise variance of every
receiver is 1, the beamformer's Frobenius norm at most 1, and ``q = sqrt(p / P_LEO)`` in [0, 1]. With
``n = association[i]``::

    h_tut[k]            sqrt(P_BS) h_tut[k] / sigma                           row (tx)
    h_sut               sqrt(P_BS) h_sut / sigma                              row (tx)
    g_tut[k], g_sut     P_LEO g / sigma^2
    target_tx[j]        a_t(j)^H, unit-modulus row                            (tx)
    clutter_tx[l]       the same of clutter point l                           (tx)
    target_echo[i, j]   sqrt(P_BS) alpha_{j,n} a_r(j, n) / sigma              column (rx): target j at the receiver of i
    clutter_echo[i, l]  sqrt(P_BS) alpha_{l,n} a_r(l, n) / sigma              column (rx)
    g_rad[i]            sqrt(P_LEO) g_rad[n] / sigma                          column (rx)
    min_sut_rate, min_scnr                                                    floors, bit/s/Hz and linear

Thus ``G_{j,n} f = target_echo[i, j] (target_tx[j] @ f)``, ``d_i = target_echo[i, i] (target_tx[i] @ f_{K+i})``, the
satellite adds ``q^2 g_rad[i] g_rad[i]^H`` to ``R_i`` and the noise the identity.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from leoisac.foundation.axes import Leaf
from leoisac.foundation.jax_setup import jax


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["g_tut", "g_sut", "g_rad", "u_satellite"],
    meta_fields=[],
)
@dataclass(frozen=True)
class SatelliteLinks:
    """Links from the satellite, as P1 predicts them from old elements or a wrong clock.

    Attributes: as of ``Channels``.
    """

    g_tut: Leaf  # real (cell, user)
    g_sut: Leaf  # real (cell)
    g_rad: Leaf  # complex (cell, receiver, rx)
    u_satellite: Leaf  # real (cell, receiver)


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "bs_position_m",
        "sut_position_m",
        "tut_position_m",
        "receiver_position_m",
        "target_position_m",
        "satellite_elevation",
        "satellite_azimuth",
        "satellite_range_m",
        "beam_position_m",
    ],
    meta_fields=[],
)
@dataclass(frozen=True)
class Places:
    """Where everybody stands: x, y in m from the centre of the beam's footprint; every beam has a frame of its own.

    Attributes:
        bs_position_m, tut_position_m, receiver_position_m, target_position_m: of a cell's mast, users, and so on.
        sut_position_m: of the satellite user of the cell's beam.
        satellite_elevation, satellite_azimuth, satellite_range_m: the satellite (radians, from x to y).
        beam_position_m: centre of the cell's beam's footprint, in the frame of all; ``None`` where beams are separated.
    """

    bs_position_m: Leaf  # (cell, 2)
    sut_position_m: Leaf  # (cell, 2)
    tut_position_m: Leaf  # (cell, user, 2)
    receiver_position_m: Leaf  # (cell, receiver, 2)
    target_position_m: Leaf  # (cell, target, 2)
    satellite_elevation: Leaf  # ()
    satellite_azimuth: Leaf  # ()
    satellite_range_m: Leaf  # ()
    beam_position_m: Leaf | None = None  # (cell, 2)


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["h_cross_tut", "h_cross_tut_fresh", "d_cross_radar"],
    meta_fields=[],
)
@dataclass(frozen=True)
class Neighbours:
    """What cells of one beam hear of each other; zero between a cell and itself and between beams.

    Attributes:
        h_cross_tut, h_cross_tut_fresh: rows from the base station of ``cell_from`` to users, instants of P1 and P3.
        d_cross_radar: from its array to the elements of radar receivers.
    """

    h_cross_tut: Leaf  # complex (cell, cell_from, user, tx)
    h_cross_tut_fresh: Leaf  # complex (cell, cell_from, user, tx)
    d_cross_radar: Leaf  # complex (cell, cell_from, receiver, rx, tx)


@partial(jax.tree_util.register_dataclass, data_fields=["h_tut", "h_sut"], meta_fields=[])
@dataclass(frozen=True)
class Estimates:
    """Fresh channels as P3 knows them, with the errors of their estimation; axes as of ``Channels``."""

    h_tut: Leaf
    h_sut: Leaf


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["sut_gain", "satellite_gain", "h_satellite", "position_m", "active"],
    meta_fields=[],
)
@dataclass(frozen=True)
class Background:
    """Base stations of the footprint that are not designed: at full power, their beams anywhere.

    Attributes:
        sut_gain, satellite_gain: power that the satellite user of the cell's beam, and the satellite's beam, get of all
            active ones together, over the power of one.
        h_satellite: row from the cell's own array to the satellite, the beam's gain included.
        position_m: x, y as of ``Places``.
        active: 1 where one transmits.
    """

    sut_gain: Leaf  # real (cell)
    satellite_gain: Leaf  # real (cell)
    h_satellite: Leaf  # complex (cell, tx)
    position_m: Leaf  # (cell, mast, 2)
    active: Leaf  # (cell, mast)


@partial(jax.tree_util.register_dataclass, data_fields=["to_tut", "to_sut", "to_radar", "share"], meta_fields=[])
@dataclass(frozen=True)
class OtherBeams:
    """What the satellite's other spot beams of the same colour put on the receivers of a cell; zero from the own beam.

    Attributes:
        to_tut, to_sut: power gain of every beam to the users, and to the satellite user of the cell's beam.
        to_radar: amplitude gain to the elements of the radar receivers.
        share: of the satellite's power, what designs take every beam's for.
    """

    to_tut: Leaf  # real (cell, beam, user)
    to_sut: Leaf  # real (cell, beam)
    to_radar: Leaf  # complex (cell, receiver, beam, rx)
    share: Leaf  # real (beam)


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["at_tut", "at_sut", "at_radar", "direction", "in_sight", "aim_m"],
    meta_fields=[],
)
@dataclass(frozen=True)
class OtherSatellites:
    """What other satellites in the band put on the receivers of a cell.

    Attributes:
        at_tut, at_sut: power of all together, W.
        at_radar: amplitude of each at the elements of the radar receivers, sqrt(W).
        direction: elevation, azimuth (radians) and range (m).
        in_sight: 1 where a satellite is in sight, 0 in the places that are left.
        aim_m: x, y where its beam points, from the centre of the footprints.
    """

    at_tut: Leaf  # real (cell, user)
    at_sut: Leaf  # real (cell)
    at_radar: Leaf  # complex (cell, receiver, satellite, rx)
    direction: Leaf  # real (satellite, 3)
    in_sight: Leaf  # real (satellite)
    aim_m: Leaf  # real (satellite, 2)


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "h_tut",
        "h_sut",
        "h_tut_fresh",
        "h_sut_fresh",
        "g_tut",
        "g_sut",
        "g_rad",
        "target_amplitude",
        "target_tx",
        "target_rx",
        "clutter_amplitude",
        "clutter_tx",
        "clutter_rx",
        "u_target",
        "u_satellite",
        "noise_power",
        "predicted",
        "places",
        "neighbours",
        "background",
        "estimates",
        "other_beams",
        "other_satellites",
    ],
    meta_fields=[],
)
@dataclass(frozen=True)
class Channels:
    """Channels of one trial (a batch has a leading ``trial`` axis on every array).

    Where several cells share a spot beam they have its satellite user's ``g_sut``, and ``h_sut`` is each one's own row
    to that user.

    Attributes:
        h_tut, h_sut: base station to its users, and to the satellite user through its side lobe, at the instant of P1.
        h_tut_fresh, h_sut_fresh: the same at the instant of P3, at which every design is judged.
        g_tut, g_sut: power gain of the satellite's beam to the users and to the satellite user.
        g_rad: amplitude gain of the satellite's beam to the elements of every radar receiver.
        target_amplitude, clutter_amplitude: echo amplitudes ``alpha``.
        target_tx, clutter_tx: rows ``a_t^H`` of the base station's array, unit modulus.
        target_rx, clutter_rx: columns ``a_r`` of the radar receivers' arrays, unit modulus.
        u_target, u_satellite: directional cosines along the radar receivers' arrays.
        noise_power: noise of every receiver, W.
        predicted: the satellite's links as P1 predicts them; ``None`` where the prediction is exact.
        places: where everybody stands; ``None`` where channels are given.
        neighbours: links between the cells of a beam; ``None`` with one cell in each.
        background: other base stations; ``None`` without any.
        estimates: what P3 takes the fresh channels for; ``None`` where it knows them.
        other_beams: the satellite's spot beams among each other; ``None`` where they are perfectly separated.
        other_satellites: in the same band; ``None`` without any.
    """

    h_tut: Leaf  # complex (cell, user, tx)
    h_sut: Leaf  # complex (cell, tx)
    h_tut_fresh: Leaf  # complex (cell, user, tx)
    h_sut_fresh: Leaf  # complex (cell, tx)
    g_tut: Leaf  # real (cell, user)
    g_sut: Leaf  # real (cell)
    g_rad: Leaf  # complex (cell, receiver, rx)
    target_amplitude: Leaf  # complex (cell, target, receiver)
    target_tx: Leaf  # complex (cell, target, tx)
    target_rx: Leaf  # complex (cell, target, receiver, rx)
    clutter_amplitude: Leaf  # complex (cell, clutter, receiver)
    clutter_tx: Leaf  # complex (cell, clutter, tx)
    clutter_rx: Leaf  # complex (cell, clutter, receiver, rx)
    u_target: Leaf  # real (cell, target, receiver)
    u_satellite: Leaf  # real (cell, receiver)
    noise_power: Leaf  # real (cell)
    predicted: SatelliteLinks | None = None
    places: Places | None = None
    neighbours: Neighbours | None = None
    background: Background | None = None
    estimates: Estimates | None = None
    other_beams: OtherBeams | None = None
    other_satellites: OtherSatellites | None = None

    @property
    def h_cross_tut(self) -> Leaf | None:
        """As of ``Neighbours``; ``None`` with one cell in each beam."""
        return None if self.neighbours is None else self.neighbours.h_cross_tut

    @property
    def d_cross_radar(self) -> Leaf | None:
        """As of ``Neighbours``; ``None`` with one cell in each beam."""
        return None if self.neighbours is None else self.neighbours.d_cross_radar


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "bs_power",
        "satellite_power",
        "min_sut_rate",
        "min_scnr",
        "satellite_separation",
        "target_separation",
        "sut_aperture",
        "tut_aperture",
        "bandwidth_mhz",
        "satellite_gain",
        "doppler_loss",
        "integrated_samples",
        "false_alarm_probability",
        "rate_weights",
        "max_inr",
        "pfd_angles",
        "pfd_limits",
    ],
    meta_fields=["cells_per_beam", "association", "frequency_reuse"],
)
@dataclass(frozen=True)
class Parameters:
    """Numbers of the configuration that designs and the judge need, in SI.

    Attributes:
        bs_power, satellite_power: budgets of each base station and of the satellite, W.
        min_sut_rate: least rate of a satellite user, bit/s/Hz.
        min_scnr: least SCNR of a target, linear.
        satellite_separation, target_separation: angles of the association rule, radians.
        sut_aperture, tut_aperture: effective apertures of the users towards the satellite, m2.
        bandwidth_mhz: signal bandwidth, MHz, over which power flux densities are stated.
        satellite_gain: peak gain of a spot beam.
        doppler_loss: share of an echo's power that is left after integration at the residual Doppler shift.
        integrated_samples, false_alarm_probability: of a detection.
        rate_weights: of the users' rates and, last, of the satellite users'; ``None``: all 1.
        max_inr: largest interference over noise at any receiver of the other network; ``None``: no limit.
        pfd_angles, pfd_limits: elevations (radians) and the largest power flux densities there, dB(W/m2/MHz), linear in
            between; ``None``: no limit.
        cells_per_beam: cells that share one spot beam.
        association: rule by which targets get their radar receivers.
        frequency_reuse: colours of the band; 0: spot beams are perfectly separated.
    """

    bs_power: Leaf
    satellite_power: Leaf
    min_sut_rate: Leaf
    min_scnr: Leaf
    satellite_separation: Leaf
    target_separation: Leaf
    sut_aperture: Leaf
    tut_aperture: Leaf
    bandwidth_mhz: Leaf
    satellite_gain: Leaf
    doppler_loss: Leaf
    integrated_samples: Leaf
    false_alarm_probability: Leaf
    rate_weights: Leaf | None = None
    max_inr: Leaf | None = None
    pfd_angles: Leaf | None = None
    pfd_limits: Leaf | None = None
    cells_per_beam: int = 1
    association: str = "proposed"
    frequency_reuse: int = 0


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["beamformer", "beam_power", "power_cap", "association", "coupling"],
    meta_fields=[],
)
@dataclass(frozen=True)
class Design:
    """Base stations' beamformers, spot beams' powers and the association.

    Attributes:
        beamformer: columns for users 1 to K, then for the targets, sqrt(W).
        beam_power: power of the spot beam that covers the cell, W; cells of one beam have the same.
        power_cap: largest beam power for which the cell's beamformer was made, W.
        association: radar receiver of every target.
        coupling: 0 where satellite and terrestrial network are taken not to disturb each other (an ideal), otherwise 1;
            ``None`` is 1.
    """

    beamformer: Leaf  # complex (cell, tx, stream)
    beam_power: Leaf  # real (cell)
    power_cap: Leaf  # real (cell)
    association: Leaf  # int (cell, target)
    coupling: Leaf | None = None  # real scalar
