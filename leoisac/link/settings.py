"""Settings of the coded link, as fields of the systems' configurations and as the numbers that the link takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, Protocol, runtime_checkable

from pydantic import Field

LinkSymbols = Annotated[int, Field(ge=96, le=1264, description="symbols of a code word of the coded link")]
"""From the fewest that hold a block of 64 bits to the most that fit one code block at 256-QAM and rate 5/6."""
LinkWords = Annotated[int, Field(ge=1, le=1000, description="code words that every stream of a trial sends")]
LinkMarginDb = Annotated[float, Field(ge=-20, le=20, description="margin of the predicted SINR over a mode's need")]
Decoder = Literal["min-sum", "sum-product"]
LinkDecoder = Annotated[Decoder, Field(description="rule of the decoder: normalised min-sum, or sum-product")]
LinkIterations = Annotated[int, Field(ge=1, le=200, description="most iterations of the decoder")]


class LinkSettings(NamedTuple):
    """What the link is to be like; see the fields of the same names."""

    symbols: int = 256
    words: int = 4
    margin_db: float = 2.0
    decoder: Decoder = "min-sum"
    iterations: int = 20


@runtime_checkable
class HasLink(Protocol):
    """A configuration with the fields of the coded link."""

    @property
    def link_symbols(self) -> int: ...
    @property
    def link_words(self) -> int: ...
    @property
    def link_margin_db(self) -> float: ...
    @property
    def link_decoder(self) -> Decoder: ...
    @property
    def link_iterations(self) -> int: ...


def link_numbers(config: HasLink) -> dict[str, float]:
    """A configuration's fields as numbers, for the parameters of a system: no program is compiled for them."""
    return {
        "symbols": float(config.link_symbols),
        "words": float(config.link_words),
        "margin_db": float(config.link_margin_db),
        "is_sum_product": float(config.link_decoder == "sum-product"),
        "iterations": float(config.link_iterations),
    }


def link_settings(numbers: Mapping[str, Any]) -> LinkSettings:
    """The settings again, from ``link_numbers`` (of JAX or not)."""
    return LinkSettings(
        symbols=int(numbers["symbols"]),
        words=int(numbers["words"]),
        margin_db=float(numbers["margin_db"]),
        decoder="sum-product" if float(numbers["is_sum_product"]) > 0.5 else "min-sum",
        iterations=int(numbers["iterations"]),
    )
