"""Draw the picture of the README from the recorded runs.

python -m reproduce.picture
"""

import io

import matplotlib

matplotlib.use("Agg")

from experiments import plots
from reproduce import record
from reproduce.record.run import write_atomically

PATH = "book/_static/readme_figure.png"


def main() -> None:
    """Draw the codes of Figure 2 of Deep VIB, of the first seed, where they are on record."""
    codes = {
        float(name.split("beta=")[1].split(",")[0]): held
        for name, held in record.arrays("VIB-F2").items()
        if name.endswith("seed=0")
    }
    if not codes:
        raise SystemExit("Figure 2 of Deep VIB is not on record")
    plots.style()
    drawn = io.BytesIO()
    plots.codes_over_entropy(codes).savefig(drawn, dpi=90, metadata={"Software": None})
    write_atomically(record.project_root() / PATH, drawn.getvalue())


if __name__ == "__main__":
    main()
