"""A small downlink for tests of the engine: loaded as a plugin, it goes the way of every real system.

One antenna serves each of ``num_users`` users; user ``k`` has the gain ``g_k ~ Exp(1)``, the budget is shared, and the
rate is ``log2(1 + g_k p_k / noise)``. Schemes end in every status that the engine knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from leoisac.experiment.contracts import Claim, Figure, Metric, Scheme, Study, System, Verdict
from leoisac.foundation.axes import Leaf
from leoisac.foundation.config import Config
from leoisac.foundation.jax_setup import jax, jnp
from leoisac.foundation.keys import complex_normal, entity_keys, uniforms
from leoisac.foundation.lanes import by_lanes
from leoisac.foundation.status import Solution, Status
from leoisac.foundation.units import dbw_to_w


class ToySite(Config):
    """A part of the configuration."""

    altitude_km: float = Field(600.0, gt=0, description="height above the ground")
    name: str = "anywhere"


class ToyConfig(Config):
    """Configuration of the toy downlink."""

    system: ClassVar[str] = "toy-downlink"

    num_users: int = Field(3, ge=1, le=16, description="number of users")
    transmit_power_dbw: float = Field(10.0, ge=-50, le=50, description="power budget of the transmitter")
    noise_power_dbw: float = Field(0.0, description="noise power of a user")
    min_rate: float = Field(0.05, ge=0, description="least rate of a user (bit/s/Hz)")
    weights: tuple[float, ...] = Field((1.0, 2.0), description="nothing but a list")
    mode: str = Field("plain", description="a text")
    loss_db: float | None = Field(3.0, description="extra loss, or none")
    satellite: ToySite = Field(default_factory=ToySite, description="where it is")


@dataclass(frozen=True)
class ToyChannels:
    """Channels of the toy downlink."""

    h_users: Leaf
    noise_power: Leaf


@dataclass(frozen=True)
class ToyDesign:
    """Powers in W."""

    powers: Any


for _class in (ToyChannels, ToyDesign):
    jax.tree_util.register_dataclass(_class, list(_class.__dataclass_fields__), [])


@dataclass(frozen=True)
class ToyParameters:
    """Numbers of the configuration, SI."""

    power: Any
    min_rate: Any


jax.tree_util.register_dataclass(ToyParameters, ["power", "min_rate"], [])


def prepare(config: ToyConfig) -> dict[str, Any]:
    loss = 1.0 if config.loss_db is None else 10 ** (-config.loss_db / 10)
    return {"noise": np.float64(dbw_to_w(config.noise_power_dbw)), "gains": np.full(config.num_users, loss)}


def warnings(config: ToyConfig) -> tuple[str, ...]:
    low = config.satellite.altitude_km < 200
    return (
        (f"{config.satellite.name}: {config.satellite.altitude_km:g} km is low; it may have <decayed>.",) if low else ()
    )


def draw(geometry: dict[str, Any], key: Any) -> ToyChannels:
    gains = geometry["gains"]
    fading = jax.vmap(lambda one: uniforms(one, {"fading": (2,)})["fading"])(entity_keys(key, gains.shape[0]))
    return ToyChannels(jnp.sqrt(gains) * complex_normal(fading), geometry["noise"] + 0.0)


def parameters(config: ToyConfig) -> ToyParameters:
    return ToyParameters(np.float64(dbw_to_w(config.transmit_power_dbw)), np.float64(config.min_rate))


def evaluate(parameters: ToyParameters, channels: ToyChannels, design: ToyDesign) -> dict[str, Any]:
    gains = jnp.abs(channels.h_users) ** 2
    rate = jnp.log2(1 + gains * design.powers / channels.noise_power)
    power = jnp.sum(design.powers)
    return {
        "rate": rate,
        "sum_rate": jnp.sum(rate),
        "total_power": power,
        "margin_power": 1 - power / parameters.power,
        "margin_min_rate": jnp.min(rate) / parameters.min_rate - 1,
    }


def _fill(parameters: ToyParameters, channels: ToyChannels) -> Solution[ToyDesign]:
    """Water-filling by bisection on the level."""
    floors = channels.noise_power / jnp.abs(channels.h_users) ** 2

    def halve(step: Any, bounds: Any) -> Any:
        middle = 0.5 * (bounds[0] + bounds[1])
        high = jnp.sum(jnp.maximum(middle - floors, 0)) > parameters.power
        return jnp.where(high, bounds[0], middle), jnp.where(high, middle, bounds[1])

    low, _ = jax.lax.fori_loop(0, 80, halve, (0.0, parameters.power + jnp.max(floors)))
    powers = jnp.maximum(low - floors, 0)
    rate = jnp.sum(jnp.log2(1 + powers / floors))
    return Solution(ToyDesign(powers), Status.CONVERGED, rate, 0.0, 80, jnp.stack([0.5 * rate, rate]))


def _equal(parameters: ToyParameters, channels: ToyChannels) -> Solution[ToyDesign]:
    """Equal powers; infeasible where a user misses the least rate. It ignores nothing and iterates never."""
    gains = jnp.abs(channels.h_users) ** 2
    powers = jnp.full(gains.shape, parameters.power / gains.shape[0])
    rate = jnp.log2(1 + gains * powers / channels.noise_power)
    met = jnp.min(rate) >= parameters.min_rate
    status = jnp.where(met, int(Status.CONVERGED), int(Status.INFEASIBLE))
    return Solution(ToyDesign(powers), status, jnp.sum(rate), 0.0, 1, jnp.full(1, jnp.sum(rate)))


def _odd(parameters: ToyParameters, channels: ToyChannels) -> Solution[ToyDesign]:
    """Ends in many ways, by the phase of the first user's channel."""
    gains = jnp.abs(channels.h_users) ** 2
    quarter = jnp.floor(4 * (jnp.angle(channels.h_users[0]) / (2 * jnp.pi) + 0.5)).astype(int) % 4
    share = jnp.asarray([1.0, 1.1, jnp.nan, 0.5])[quarter]  # boasts, boasts beyond the budget, NaN, honest but slow
    status = jnp.asarray([int(Status.INACCURATE), int(Status.CONVERGED), int(Status.CONVERGED), int(Status.MAX_STEPS)])
    powers = jnp.full(gains.shape, share * parameters.power / gains.shape[0])
    return Solution(ToyDesign(powers), status[quarter], jnp.sum(powers), 0.0, 3, jnp.full(3, jnp.nan))


fill = by_lanes(_fill)
equal = by_lanes(_equal)
odd = by_lanes(_odd)


def fill_reference(parameters: ToyParameters, channels: ToyChannels) -> Solution[ToyDesign]:
    """Water-filling one trial at a time, by sorting."""
    powers: list[Any] = []
    rates: list[float] = []
    for gains, noise in zip(np.abs(np.asarray(channels.h_users)) ** 2, np.asarray(channels.noise_power)):
        floors = np.sort(noise / gains)
        levels = (parameters.power + np.cumsum(floors)) / np.arange(1, len(floors) + 1)
        level = levels[np.flatnonzero(levels > floors)[-1]]
        powers.append(np.maximum(level - noise / gains, 0))
        rates.append(float(np.sum(np.log2(1 + powers[-1] * gains / noise))))
    count = len(rates)
    rate = np.asarray(rates)
    zeros = np.zeros(count)
    return Solution(ToyDesign(np.asarray(powers)), zeros.astype(int), rate, zeros, zeros.astype(int), rate[:, None])


def broken(parameters: ToyParameters, channels: ToyChannels) -> Solution[ToyDesign]:
    raise ArithmeticError("the solver that always fails")


def draw_power_figure(studies: Any) -> Any:
    from matplotlib.figure import Figure as Canvas

    figure = Canvas(figsize=(3, 2))
    axes = figure.subplots()
    data = studies["power"]
    axes.plot(data["transmit_power_dbw"], data["sum_rate"].mean("trial").sel(scheme="fill"))
    return figure


def check_order(studies: Any) -> Verdict:
    data = studies["power"]["sum_rate"].mean("trial")
    gain = float((data.sel(scheme="fill") - data.sel(scheme="equal")).min())
    outcome = "reproduced" if gain >= 0 else "not reproduced"
    return Verdict(outcome, f"{gain:.3f} bit/s/Hz", data.sizes.get("trial", 0), "no mean below that of equal powers")


def link_budgets(config: ToyConfig) -> list[Any]:
    return []


STUDIES = (
    Study(
        "power",
        schemes=("fill", "equal"),
        overrides={"min_rate": 0.01},
        sweep={"transmit_power_dbw": [0.0, 5.0, 10.0]},
        trials=100,
        quick={"trials": 4, "sweep": {"transmit_power_dbw": [0.0, 10.0]}},
    ),
    Study("users", schemes=("fill",), sweep={"num_users": [2, 4]}, trials=50, quick={"trials": 3}),
)
FIGURES = (
    Figure("fig-1", "Rate against power", ("power",), draw_power_figure),
    Figure("fig-2", "Both studies", ("power", "users"), draw_power_figure),
)
CLAIMS = (
    Claim("T-1", "Water-filling is best.", "at least 0 bit/s/Hz", ("power",), check_order, least_trials=50),
    Claim(
        "T-2",
        "More users, more rate.",
        "yes",
        ("users",),
        lambda studies: Verdict("partly", "some", 3, "more at every step"),
        2,
    ),
)

SYSTEM = System(
    name="toy-downlink",
    title="A toy downlink",
    citation="@misc{toy, title = {A toy downlink}}",
    config=ToyConfig,
    schemes=(
        Scheme(
            "fill",
            "water-filling",
            {"fast": f"{__name__}:fill", "reference": f"{__name__}:fill_reference"},
            enforces=("power",),
            label="Water-filling",
        ),
        Scheme("equal", "equal powers", {"fast": f"{__name__}:equal"}, enforces=("power", "min_rate")),
        Scheme("odd", "ends in every way", {"fast": f"{__name__}:odd"}, enforces=("power",)),
    ),
    metrics={
        "rate": Metric("Rate of a user", "bit/s/Hz", ("user",)),
        "sum_rate": Metric("Sum rate", "bit/s/Hz"),
        "total_power": Metric("Transmitted power", "W"),
        "margin_power": Metric("Margin of the power budget"),
        "margin_min_rate": Metric("Margin of the least rate"),
        "never_returned": Metric("A metric of some other kind of design", "1", ("user",)),
    },
    channel_axes={"h_users": ("user",), "noise_power": ()},
    axis_sizes=lambda config: {"user": config.num_users},
    channels=f"{__name__}:ToyChannels",
    prepare=f"{__name__}:prepare",
    draw=f"{__name__}:draw",
    parameters=f"{__name__}:parameters",
    evaluate=f"{__name__}:evaluate",
    link_budgets=f"{__name__}:link_budgets",
    studies=f"{__name__}:STUDIES",
    figures=f"{__name__}:FIGURES",
    claims=f"{__name__}:CLAIMS",
    warnings=f"{__name__}:warnings",
)
