"""Say which stories may be found at all. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Choice:
    """Which stories may be found at all."""

    sources: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    since: datetime | None = None
    """Published at or after this."""
    until: datetime | None = None
    """Published before this."""
    withdrawn: bool = False
    """Also those that may not be used: killed, withheld."""
