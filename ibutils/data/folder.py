"""Where data sets are kept."""

import os
from pathlib import Path

from ibutils.project import project_root


def data_root(root: str | Path | None = None) -> Path:
    """Return the folder of data sets.

    Without a name it is ``data`` of the project in a clone, and elsewhere ``~/.cache/ibutils``,
    which a download makes if need be. A folder that was named is never made.

    Args:
        root: The folder; by default what ``$IBUTILS_DATA`` names.

    Raises:
        FileNotFoundError: There is no such folder.
    """
    if named := root or os.environ.get("IBUTILS_DATA"):
        folder = Path(named).expanduser()
        if not folder.is_dir():
            raise FileNotFoundError(
                f"there is no folder {folder}, which {'root' if root else 'IBUTILS_DATA'} names; "
                "make it, or name another with root= or IBUTILS_DATA"
            )
        return folder
    try:
        return project_root() / "data"
    except ValueError:
        return Path.home() / ".cache" / "ibutils"
