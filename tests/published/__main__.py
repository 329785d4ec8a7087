"""Build into ``_build/dist`` and try the wheel: python -m tests.published [--full]."""

import shutil
import sys
import tempfile
from pathlib import Path

from tests.published import ROOT, build, check, try_out

folder = ROOT / "_build" / "dist"
shutil.rmtree(folder, ignore_errors=True)
built = build(folder)
check(built)
with tempfile.TemporaryDirectory() as elsewhere:
    print(try_out(built, Path(elsewhere), full="--full" in sys.argv[1:]), end="")
print(*(path.relative_to(ROOT) for path in built), sep="\n")
