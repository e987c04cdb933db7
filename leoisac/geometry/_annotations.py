"""Type aliases that the geometry modules share: what counts as a number, an array of numbers, and an instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

import numpy as np
from jaxtyping import Float

Number: TypeAlias = float | int
Numbers: TypeAlias = float | int | Float[np.ndarray, "..."]
Instants: TypeAlias = datetime | np.datetime64 | np.ndarray | Sequence[datetime]
