"""Chance: how surprising is a number, if all is as it was? Pure, a few lines of statistics.

What comes from a source is counted, so it scatters at least as a Poisson law, and news comes in lumps,
so it scatters more: the negative binomial law with mean m and variance m + spread * m * m says both.
"""

from __future__ import annotations

from math import log, log1p, sqrt

SURE = 16.0
"""Surprise in nats from which we speak: one in nine million. A hundred sources are judged ten thousand
times a day, each by ten checks; at one in a million an operator would be called every hour for nothing."""


def silence(expected: list[float], spread: float) -> float:
    """The surprise (nats) that nothing came in hours in which so much was expected.

    >>> silence([5.0, 5.0], spread=0.0)
    10.0
    >>> silence([5.0, 5.0], spread=1.0) < 4  # where news comes in lumps, pauses are long
    True
    """
    if spread < 1e-6:
        return sum(expected)
    return sum(log1p(spread * mean) / spread for mean in expected)


def sure_of_silence(a_day: float) -> float:
    """The surprise (nats) from which a pause is a silence: each story may be the last.

    Once in a hundred years of a source we may be wrong. Were the surprise the same for all, one of three
    stories a day would be gone for weeks before anybody hears of it.

    >>> round(sure_of_silence(3), 1), round(sure_of_silence(400), 1)
    (11.6, 16.5)
    """
    return log(100 * 365 * max(a_day, 1.0))


def more(count: int, of: int, share: float) -> float:
    """The surprise (nats) that a share has grown to so many, or more: Chernoff's bound.

    >>> more(1, 10, 0.2), round(more(9, 10, 0.2), 1)
    (0.0, 11.5)
    """
    share = min(max(share, 1e-6), 1 - 1e-6)
    if not of or count <= share * of:
        return 0.0
    now = count / of
    surprise = of * now * log(now / share)
    return surprise if now == 1 else surprise + of * (1 - now) * log((1 - now) / (1 - share))


def less(count: float, expected: float, scatter: float) -> float:
    """The surprise (nats) that no more came: Chernoff's bound of Poisson's law, less where it scatters more.

    >>> round(less(16, 40, 1.0), 1), round(less(16, 40, 2.0), 1), less(50, 40, 1.0)
    (9.3, 4.7, 0.0)
    """
    if count >= expected:
        return 0.0
    return (expected - count + (count * log(count / expected) if count else 0.0)) / scatter


def deviation(count: float, expected: float, scatter: float) -> float:
    """By how many standard deviations a count is off; `scatter` is variance over mean.

    >>> deviation(10, 25, 1.0)
    -3.0
    """
    return (count - expected) / sqrt(max(expected, 1.0) * scatter)
