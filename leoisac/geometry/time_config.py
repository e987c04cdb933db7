"""The ``[time]`` part of a scenario: which instants of a satellite's pass, and what changes between them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import AliasChoices, Field, field_validator, model_validator

from leoisac.foundation.config import Config
from leoisac.geometry.instant_fields import instant_from_text, with_zone

MOST_INSTANTS = 10_000


class TimeConfig(Config):
    """The pass as an axis: instants from ``from`` to ``to``, every ``step_s`` seconds.

    Where sites are does not change, nor does what is drawn once for each user; users stay, or travel at a speed. What
    does change moves along stationary first-order autoregressive processes, a coherence block after the other; their
    decorrelation is stated here. All clocks start at ``from``.
    """

    over: Literal["pass"] = Field(
        default="pass", description="the pass that the [satellite] part finds, where from or to is left out"
    )
    begin: datetime | None = Field(
        default=None,
        validation_alias=AliasChoices("begin", "from"),
        description="first UTC instant, also written from; the rise of the pass if left out",
    )
    end: datetime | None = Field(
        default=None,
        validation_alias=AliasChoices("end", "to"),
        description="last UTC instant, also written to; the set of the pass if left out",
    )
    step_s: float = Field(default=10.0, ge=1e-3, le=86_400, description="time between instants")

    coherence_block_s: float = Field(
        default=1e-3, ge=1e-6, le=3600, description="time for which fading is constant; a step of its process"
    )
    local_speed_m_s: float = Field(
        default=0.0,
        ge=0,
        le=100,
        description="speed of users about their places: sets fading and shadowing, never the distance",
    )
    travel_speed_m_s: float = Field(
        default=0.0, ge=0, le=400, description="speed at which users travel: their places, fading and shadowing change"
    )
    travel_heading_deg: float | None = Field(
        default=None, ge=-360, le=360, description="heading of all, clockwise from north; each its own if left out"
    )
    shadowing_decorrelation_m: float = Field(
        default=10.0,
        ge=0.01,
        le=1e5,
        description="way over which a user's shadowing decorrelates (TR 38.901: 10 urban micro, 37 urban macro)",
    )
    sky_decorrelation_deg: float = Field(
        default=10.0,
        ge=0.01,
        le=360,
        description="way of the satellite over the sky over which shadowing of its links decorrelates",
    )
    scatterer_distance_m: float = Field(
        default=10.0,
        ge=0,
        le=1e4,
        description="distance of what scatters satellite signals at a user: their fading turns with the satellite",
    )
    weather_decorrelation_s: float = Field(
        default=5000.0, ge=1, le=1e7, description="time constant of rain and of the feeds' phases (ITU-R P.1853: 5000)"
    )

    @field_validator("begin", "end", mode="before")
    @classmethod
    def _from_text(cls, time: Any) -> Any:
        return instant_from_text(time)

    @field_validator("begin", "end", mode="after")
    @classmethod
    def _has_zone(cls, time: datetime | None) -> datetime | None:
        return with_zone(time)

    @model_validator(mode="after")
    def _in_order(self) -> TimeConfig:
        if self.travel_heading_deg is not None and self.travel_speed_m_s == 0.0:
            raise ValueError("travel_heading_deg: has no effect without travel_speed_m_s; leave it out")
        if self.begin is None or self.end is None:
            return self
        length_s = (self.end - self.begin).total_seconds()
        if length_s < 0.0:
            raise ValueError(f"from = {self.begin.isoformat()} is after to = {self.end.isoformat()}; exchange them")
        if length_s / self.step_s >= MOST_INSTANTS:
            raise ValueError(
                f"step_s = {self.step_s:g} gives more than {MOST_INSTANTS} instants over {length_s:g} s; make it longer"
            )
        return self
