"""How far estimates are from a known truth, from recorded estimates."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from reproduce import claims

RELATIVE, ABSOLUTE = 0.1, 0.05  # of the truth, in nats: the margin of an estimate
_MEMBER = ["task", "samples", "seed"]


@claims.measure("errors")
def measure(
    rows: pd.DataFrame, arrays: Mapping[str, Mapping[str, np.ndarray]] | None = None
) -> pd.DataFrame:
    r"""Return the error of each recorded estimate, in nats and as a share of its margin.

    .. math:: e = \hat I - I, \qquad \text{share} = \frac{e}{\max(0.1\, I,\ 0.05\ \text{nats})}

    Args:
        rows: Tidy rows of the target ``FND-CAL``. In each task, number of samples and seed the
            method ``"exact"`` holds the truth, once or with each critic.
        arrays: Not needed.

    Returns:
        Rows of the metrics ``error`` (nat) and ``share`` (1) for each estimate.

    Raises:
        ValueError: A truth is missing.

    Example:
        >>> member = dict(task="a", samples=9, seed=0, metric="estimate", unit="nat")
        >>> rows = [{**member, "method": m, "value": v} for m, v in [("exact", 2.0), ("ksg", 1.9)]]
        >>> measure(pd.DataFrame(rows))["value"].round(3).tolist()
        [-0.1, -0.5]
    """
    estimates = rows[rows["metric"] == "estimate"]
    exact = estimates["method"] == "exact"
    ours = estimates[~exact]
    known = estimates[exact].drop_duplicates(_MEMBER).set_index(_MEMBER)["value"]
    truth = known.reindex(pd.MultiIndex.from_frame(ours[_MEMBER])).to_numpy()
    if np.isnan(truth).any():
        lost = ours[np.isnan(truth)].iloc[0]
        raise ValueError(f"there is no exact value of {lost['task']} with seed {lost['seed']}")
    error = ours["value"] - truth
    share = error / np.maximum(RELATIVE * truth, ABSOLUTE)
    return pd.concat(
        [
            ours.assign(metric="error", value=error),
            ours.assign(metric="share", value=share, unit="1"),
        ],
        ignore_index=True,
    )
