"""How many stories come at this hour, by what came at this hour before? Pure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

SHOWN = 48
"""Hours of a sparkline; the last one is the running one."""

WEEK_HOURS = 7 * 24
DAY_HOURS = 24

LULLS = (4, 8)
"""Hours that are looked at together, where one alone says too little."""

COLD = 3 * DAY_HOURS
"""Hours a source must have been known before anything is expected of it."""

Counts = npt.NDArray[np.int64]


class Band(NamedTuple):
    """What is expected of each source (row) in each of the hours shown (column, the latest first)."""

    low: Counts
    high: Counts
    slump: npt.NDArray[np.bool_]
    """Where the hours up to this one together brought too few, though each alone may be silent by chance."""
    known: npt.NDArray[np.bool_]
    """Of each source: has it been followed long enough to expect anything?"""


def expected(counts: Counts) -> Band:
    """Read from the hours before those shown how many stories an hour brings.

    `counts[source, ago]`: stories by the hour, `ago` 0 is the running one. Compared are the
    same hour of the week and the ones beside it, in the weeks before; of a source that is
    known for less than a week and two days, the same hours of each day before; of one known for less than
    three days nothing is expected. The band is two deviations wide, at least those that
    chance alone makes (Poisson).

    >>> steady = np.full((1, 24 * 35), 4, dtype=np.int64)
    >>> band = expected(steady)
    >>> bool(band.known[0]), int(band.low[0, 0]), int(band.high[0, 0])
    (True, 0, 8)
    """
    age = _age(counts)
    weekly = _around(counts, age, WEEK_HOURS)
    daily = _around(counts, age, DAY_HOURS)
    by_week = (age >= WEEK_HOURS + SHOWN)[:, None]
    mean = np.where(by_week, weekly[0], daily[0])
    spread = np.where(by_week, weekly[1], daily[1])
    wide = 2 * np.maximum(spread, np.sqrt(mean))
    low = np.floor(np.maximum(mean - wide, 0)).astype(np.int64)
    high = np.ceil(mean + wide).astype(np.int64)
    known = age >= COLD
    return Band(low, high, _slump(counts, mean) & known[:, None], known)


def _slump(counts: Counts, mean: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Is what several hours brought so little that chance hardly makes it?

    Of most sources no single hour can tell: where three stories are usual, none is nothing odd.
    Judged by Freeman and Tukey's deviate, at four: of six expected, none came. Of the hours looked at
    together those are marked that had less than half of their share; the running one is not over.
    """
    found = np.zeros_like(mean, dtype=bool)
    for hours in LULLS:
        for first in range(1, SHOWN - hours + 1):
            window = slice(first, first + hours)
            came, usual = counts[:, window].sum(axis=1), mean[:, window].sum(axis=1)
            few = np.sqrt(came) + np.sqrt(came + 1) - np.sqrt(4 * usual + 1) < -4
            found[:, window] |= few[:, None] & (counts[:, window] < mean[:, window] / 2)
    return found


def _age(counts: Counts) -> Counts:
    """Hours since the first story of each source, as far as we look back."""
    hours = counts.shape[1]
    some = counts > 0
    oldest = hours - np.argmax(some[:, ::-1], axis=1)
    return np.where(some.any(axis=1), oldest, 0).astype(np.int64)


def _around(
    counts: Counts, age: Counts, period: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean and deviation, for each hour shown, of the hours whole periods before it and those beside them."""
    sources, hours = counts.shape
    total, squares, n = (np.zeros((sources, SHOWN)) for _ in range(3))
    shown = np.arange(SHOWN)
    for back in range(period, hours, period):
        for beside in (-1, 0, 1):
            ago = shown + back + beside
            # Not the hours shown: a slump must not make itself usual.
            fits = (ago >= SHOWN) & (ago < hours)
            counted = fits[None, :] & (ago[None, :] < age[:, None])
            values = np.where(counted, counts[:, np.minimum(ago, hours - 1)], 0)
            total += values
            squares += values * values
            n += counted
    mean = total / np.maximum(n, 1)
    return mean, np.sqrt(np.maximum(squares / np.maximum(n, 1) - mean * mean, 0))
