"""Powers modulo a large prime: by gmpy2 where it can be imported, else by Python alone, with the same results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WINDOW: Final = 256


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """
    One way to compute; what enters and leaves is always ``int``.

    ``secret_power`` takes a time that does not depend on the exponent, as far as the backend can: Python's
    own numbers promise nothing of the kind, so trustees should install gmpy2 (``thidua[voting]``).
    """

    name: str
    number: Callable[[int], Any]
    power: Callable[[int, int, int], int]
    secret_power: Callable[[int, int, int], int]


def _power(base: int, exponent: int, modulus: int) -> int:
    return pow(base, exponent, modulus)


PURE: Final = Arithmetic("python", int, _power, _power)
FAST: Arithmetic | None

try:
    import gmpy2
except ImportError:
    FAST = None
else:

    def _fast_power(base: int, exponent: int, modulus: int) -> int:
        return int(gmpy2.powmod(base, exponent, modulus))

    def _fast_secret_power(base: int, exponent: int, modulus: int) -> int:
        # powmod_sec takes positive exponents only; zero is no secret anybody draws.
        power = gmpy2.powmod_sec if exponent > 0 else gmpy2.powmod
        return int(power(base, exponent, modulus))

    FAST = Arithmetic("gmpy2", gmpy2.mpz, _fast_power, _fast_secret_power)

BEST: Final = FAST or PURE


class Table:
    """Powers ``base^(digit * 256^row)``: a power becomes one look-up and one product per byte of the exponent."""

    __slots__ = ("_modulus", "_one", "_rows")

    def __init__(self, arithmetic: Arithmetic, base: int, modulus: int, bits: int) -> None:
        self._modulus, self._one = arithmetic.number(modulus), arithmetic.number(1)
        rows: list[Sequence[Any]] = []
        step = arithmetic.number(base)
        for _ in range((bits + 7) // 8):
            row = [self._one]
            for _ in range(_WINDOW - 1):
                row.append(row[-1] * step % self._modulus)
            rows.append(row)
            step = row[-1] * step % self._modulus
        self._rows = rows

    def power(self, exponent: int) -> int:
        """The base to *exponent*, which is at least 0 and has at most the table's bits."""
        found, modulus = self._one, self._modulus
        digits = exponent.to_bytes(len(self._rows), "little")
        for row, digit in zip(self._rows, digits, strict=True):
            if digit:
                found = found * row[digit] % modulus
        return int(found)
