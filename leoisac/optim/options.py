"""Settings of the batched engine."""

from __future__ import annotations

from dataclasses import dataclass

from leoisac.foundation.jax_setup import LANES


@dataclass(frozen=True)
class EngineOptions:
    """Settings of the augmented-Lagrangian engine; part of the key under which a problem is compiled.

    The defaults suit problems whose variables and objective are of order 1 to 10 and whose constraints are relative
    (``1 - power``, ``received / required - 1``, ``log(CRB_max / CRB)``), so that -1e-6 means one part in a million.
    """

    lanes: int = LANES
    """Instances that run side by side in the compiled program, whatever the size of the batch."""
    block_ticks: int = 24
    """Ticks between two exchanges of finished instances; a multiple of ``memory``."""
    max_ticks: int = 1500
    """Evaluations of value and gradient after which an instance ends with ``MAX_STEPS``."""
    max_rounds: int = 40
    """Multiplier updates after which an instance ends with ``MAX_STEPS``."""
    stalled_rounds: int = 4
    """Rounds in a row without progress towards feasibility, at growing penalties, after which an instance ends with
    ``MAX_STEPS``: the mark of an infeasible one, or of a start in the wrong valley."""
    min_rounds: int = 3
    """Multiplier updates before an instance may be called converged."""
    inner_steps: int = 60
    """Accepted steps after which a round ends even if its gradient tolerance is not met."""
    memory: int = 8
    """Curvature pairs of L-BFGS."""
    penalty: float = 2.0
    """First penalty ``rho``."""
    penalty_growth: float = 3.0
    """Factor on ``rho`` after a round that reduced the violation too little."""
    penalty_limit: float = 1e8
    """Largest ``rho``."""
    required_reduction: float = 0.3
    """``rho`` stays when a round leaves at most this share of the violation (complementarity included)."""
    gradient_tolerance: float = 1.0
    """Euclidean norm of the augmented Lagrangian's gradient at which the first round ends."""
    gradient_factor: float = 0.2
    """Factor on that tolerance from round to round."""
    gradient_floor: float = 3e-3
    """Smallest value of that tolerance."""
    value_tolerance: float = 3e-5
    """Converged: relative change of the augmented Lagrangian between two rounds at most this ..."""
    violation_tolerance: float = 3e-3
    """... and violation before restoration at most this."""
    approach_violation: float = 1e-2
    """Violation at the end of a round at which a stage before the last hands over to the next (see ``Path``)."""
    approach_ticks: int = 500
    """Evaluations after which such a stage hands over in any case."""
    approach_penalty: float = 100.0
    """Largest ``rho`` that a stage takes over from the one before."""
    first_step: float = 0.1
    """Length of the very first step."""
    armijo: float = 1e-4
    """Share of the predicted decrease that a step must achieve."""
    max_backtracks: int = 20
    """Rejected trial points in a row after which a round ends."""
    restoration_steps: int = 7
    """Newton corrections of the constraints at the end, the landing step included; 0 switches restoration off."""
    quick_restoration: bool = False
    """Compile restoration without optimisation of the machine code: a quarter of the time to compile, three times the
    time to run; for problems whose compilation takes long."""
    restoration_target: float = 1e-10
    """Violation at which restoration stops."""
    active_margin: float = 1e-3
    """Constraints with ``c`` below this are held by restoration."""
    landing_margin: float = 0.05
    """Constraints with a multiplier are moved onto their limit if ``|c|`` is at most this."""
    feasibility: float = 1e-6
    """Violation up to which a final point counts as feasible."""

    def __post_init__(self) -> None:
        for name in ("lanes", "block_ticks", "max_ticks", "max_rounds", "inner_steps", "memory", "approach_ticks"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} = {getattr(self, name)} must be at least 1.")
        if self.block_ticks % self.memory:
            raise ValueError(
                f"block_ticks = {self.block_ticks} must be a multiple of memory = {self.memory}: every instance starts "
                "at the first slot of the ring of pairs, so that its result does not depend on when it was started."
            )
        if not (self.penalty > 0.0 and self.penalty_growth >= 1.0):
            raise ValueError(f"penalty = {self.penalty} must be positive, penalty_growth = {self.penalty_growth} >= 1.")
