"""Arithmetic that is rounded as it is written, so that a trial's numbers do not depend on its lane.

A processor with fused multiply-add computes ``a * b + c`` with one rounding, and ``a * b`` and then ``+ c`` with two.
XLA lets its code generator contract where it likes; in ``a * b + c * d`` either product may be the one that keeps its
digits. It decides anew for every copy that it makes of a loop's body: the copy for four lanes at once and the copy for
the lanes left over may differ in their last bits, and an iteration that amplifies them ends elsewhere. Without the
instruction every operation has one result, whatever copy it belongs to.

XLA has no option for the contraction itself, but one for the newest instructions that may be used. AVX is the last
generation of x86-64 without fused multiply-add. XLA reads the option from the environment when it makes its CPU client.
"""

from __future__ import annotations

import platform
from typing import Any

VARIABLE = "XLA_FLAGS"
OPTION = "--xla_cpu_max_isa"
REMEDY = f"{OPTION}=AVX"
_X86 = ("x86_64", "amd64")


def rounding_as_written(flags: str) -> str:
    """``XLA_FLAGS`` for a CPU client that does not contract; unchanged where they name a set of instructions already.

    Only for x86-64: ARM processors have fused multiply-add in their oldest generation, and XLA cannot leave it out.
    """
    if platform.machine().lower() not in _X86 or OPTION in flags:
        return flags
    return f"{flags} {REMEDY}".strip()


def contracts(jax: Any) -> bool:
    """Whether this process's programs contract. Its CPU client exists, and 64-bit floats are on.

    With one rounding ``(1 + e) (1 - e) - 1`` is ``-e^2``, with two it is 0.
    """

    def product_and_sum(a: Any, b: Any, c: Any) -> Any:
        return a * b + c

    e = 2.0**-30
    return bool(jax.jit(product_and_sum)(1.0 + e, 1.0 - e, -1.0) != 0.0)


__all__ = ["OPTION", "REMEDY", "VARIABLE", "contracts", "rounding_as_written"]
