"""Terms of the field for problems that you state, reached as ``li.terms``: powers, SINRs, rates, bounds of one trial.

Every function is about **one trial**: arrays have no trial axis, and a wrong rank or size is refused in words.

* Beams are columns: ``w`` has shape (antenna, stream); channels are rows: ``h`` has shape (user, antenna). The
  amplitude of stream s at user k is ``h_k^H w_s``, all of them ``conj(h) @ w``. User k's own stream is stream k;
  streams beyond the users (sensing) disturb everybody.
* ``covariance`` is a Hermitian matrix (antenna, antenna) of further, Gaussian or sensing, transmission beside the
  beams.
* Beams are in sqrt(W) and powers in W, or in any other unit of power that you keep to throughout; rates are in
  bit/s/Hz.

Where not said otherwise a term is smooth everywhere, also at beams that are zero: squares of moduli are
``re^2 + im^2``, interference is summed and never a difference. Source of the definitions, where none is named:
E. Björnson and E. Jorswieck, Optimal Resource Allocation in Coordinated Multi-Cell Systems, 2013, chapter 1.

Called on NumPy arrays, terms compute in 64 bits and give NumPy arrays back; inside a traced program they have its
precision.
"""

from __future__ import annotations

from leoisac.problems.terms.powers import beampattern, interference, power, power_per_antenna, power_per_stream
from leoisac.problems.terms.rates import (
    RsmaRates,
    backhaul_rate,
    energy_per_bit,
    multicast_rate,
    rate,
    rsma_rates,
    rsma_split,
    secrecy_rate,
    sinr,
)
from leoisac.problems.terms.sensing import crb, fisher, scnr

__all__ = [
    "RsmaRates",
    "backhaul_rate",
    "beampattern",
    "crb",
    "energy_per_bit",
    "fisher",
    "interference",
    "multicast_rate",
    "power",
    "power_per_antenna",
    "power_per_stream",
    "rate",
    "rsma_rates",
    "rsma_split",
    "scnr",
    "secrecy_rate",
    "sinr",
]
