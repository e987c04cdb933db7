"""Any text as LaTeX sets it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_SPECIAL: Mapping[str, str] = {
    **{character: f"\\{character}" for character in "{}$&#_%"},
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "±": r"$\pm$",
    "²": "$^2$",
    "³": "$^3$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "°": r"$^\circ$",
    "—": "---",
    "–": "--",
    "−": "$-$",
    "…": r"\dots{}",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "≈": r"$\approx$",
    "∞": r"$\infty$",
    "→": r"$\to$",
    "←": r"$\leftarrow$",
    "√": r"$\surd$",
    "‖": r"$\Vert$",
    "“": "``",
    "”": "''",
    "’": "'",
    "µ": r"$\mu$",
}
_GREEK = {
    unicodedata.lookup(f"GREEK {case} LETTER {name.upper()}"): f"$\\{name if case == 'SMALL' else name.capitalize()}$"
    for case, names in (
        (
            "SMALL",
            "alpha beta gamma delta epsilon zeta eta theta iota kappa mu nu xi pi rho sigma tau phi chi psi omega",
        ),
        ("CAPITAL", "gamma delta theta xi pi sigma phi psi omega"),
    )
    for name in names.split()
} | {
    unicodedata.lookup("GREEK SMALL LETTER LAMDA"): r"$\lambda$",
    unicodedata.lookup("GREEK CAPITAL LETTER LAMDA"): r"$\Lambda$",
}


def escaped(text: str, squeeze: bool = True) -> str:
    """Text as LaTeX sets it, in math where need be; what pdfLaTeX has no letter for becomes its plain form, or ?."""
    return "".join(_letter(character) for character in (" ".join(text.split()) if squeeze else text))


def escaped_around_math(text: str) -> str:
    """The same for text in which ``$…$`` is mathematics already, as labels of Matplotlib have it."""
    parts = re.split(r"(?<!\\)(\$[^$]*\$)", text)
    return "".join(part if part[:1] == "$" else escaped(part.replace(r"\$", "$"), squeeze=False) for part in parts)


def _letter(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character in _GREEK:
        return _GREEK[character]
    if character.isascii():
        return character if character.isprintable() else ""
    if "LATIN" in unicodedata.name(character, "") and unicodedata.normalize("NFKD", character)[0].isascii():
        return character  # accented letters, which every LaTeX since 2018 reads
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return "".join(_SPECIAL.get(letter, letter) for letter in plain) or "?"
