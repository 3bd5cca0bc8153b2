"""Which sources are switched on or off here, whatever their files say.

The files that ship cannot be edited where they are installed, and an update would undo
it: so `wirehouse sources --enable` keeps a file of its own, `$WIREHOUSE_HOME/switched.json`,
which all that share this home read, the DAGs too. It holds names, never tags: a source
that a later version brings is not crawled unasked.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pipelines.errors import WirehouseError

SWITCHED = "switched.json"


def read(home: Path) -> dict[str, bool]:
    """Names of sources and whether each is on; nothing where nobody has switched any."""
    try:
        found = json.loads((home / SWITCHED).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise WirehouseError(f"{home / SWITCHED}: cannot be read: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(on, bool) for on in found.values()):
        raise WirehouseError(f"{home / SWITCHED}: must be names with true or false, like {{'ap': true}}")
    return found


def write(home: Path, changed: Mapping[str, bool]) -> None:
    """Add to what is switched; the file is there whole, or as it was."""
    text = json.dumps(dict(sorted((read(home) | dict(changed)).items())), indent=1) + "\n"
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=home, prefix=".switched-", delete=False) as part:
            part.write(text)
        Path(part.name).chmod(0o644)  # the DAGs may run as another user
        os.replace(part.name, home / SWITCHED)
    except OSError as error:
        raise WirehouseError(f"{home / SWITCHED}: cannot be written: {error.strerror}") from error
