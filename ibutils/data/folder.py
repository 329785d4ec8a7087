"""Where data sets are kept."""

import os
from pathlib import Path


def data_root() -> Path:
    """Return ``$IBUTILS_DATA``, or else the folder ``data`` of the project."""
    if given := os.environ.get("IBUTILS_DATA"):
        return Path(given).expanduser()
    from ibutils.record import project_root  # only needed here, and heavy

    return project_root() / "data"
