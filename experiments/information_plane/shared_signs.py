"""Whether two estimators see the same layers gain or lose, beyond what chance would have them."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from reproduce import claims
from reproduce.record import key

PAIR = "ebab", "akde"
HIDDEN = 5  # hidden layers, which stand before the output


def beyond_chance(rises: np.ndarray) -> np.ndarray:
    r"""Return by how much the agreement of each network exceeds that of independent observers.

    .. math::
        \frac1L \sum_l \left( 1[a_{nl} = b_{nl}] - \bar a_l \bar b_l -
        (1 - \bar a_l)(1 - \bar b_l) \right)

    with :math:`a_{nl}` whether the first observer sees layer l of network n rise, :math:`b_{nl}`
    whether the second does, and means over networks. Of independent observers its mean is zero.

    Args:
        rises: Truth values ``[2, networks, layers]``.

    Returns:
        One number a network, ``[networks]``, from -1 to 1.

    Example:
        >>> beyond_chance(np.array([[[True], [False]], [[True], [False]]]))
        array([0.5, 0.5])
        >>> beyond_chance(np.array([[[True], [True]], [[True], [True]]]))
        array([0., 0.])
    """
    first, second = rises.mean(1)
    chance = first * second + (1 - first) * (1 - second)
    return ((rises[0] == rises[1]) - chance).mean(1)


def changes(rows: pd.DataFrame, arrays: Mapping[str, Mapping[str, np.ndarray]]) -> pd.DataFrame:
    """Return the change of each hidden layer of each network by both observers, in nats.

    Networks in which nothing changes by either observer are dead and left out.

    Args:
        rows: Tidy rows of the target, with ``activation`` and ``seed``.
        arrays: Courses of the information about the input, and of that about the labels, by
            member and observer, ``[2, epochs, layers]``.

    Returns:
        Columns ``activation``, ``seed``, ``layer`` and one of each observer.
    """
    found = []
    for activation, seed in rows[["activation", "seed"]].drop_duplicates().to_numpy(object):
        held = arrays.get(key({"activation": activation, "seed": seed}), {})
        if not set(PAIR) <= set(held):
            continue
        ends = {name: held[name][0, [0, -1], :HIDDEN].astype(float) for name in PAIR}
        own = {name: last - first for name, (first, last) in ends.items()}
        if any(np.any(change) for change in own.values()):
            fixed = {"activation": activation, "seed": seed, "layer": range(1, HIDDEN + 1)}
            found.append(pd.DataFrame(fixed | own))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


@claims.measure("shared_signs")
def measure(rows: pd.DataFrame, arrays: Mapping[str, Mapping[str, np.ndarray]]) -> pd.DataFrame:
    """Return ``agreement_beyond_chance`` of each network that is not dead.

    Args:
        rows: Tidy rows of one target.
        arrays: See ``changes``.
    """
    table, found = changes(rows, arrays), []
    for activation, own in table.groupby("activation") if len(table) else ():
        rises = np.stack([own.pivot(index="seed", columns="layer", values=n) > 0 for n in PAIR])
        of_each = dict(zip(sorted(own["seed"].unique()), beyond_chance(rises), strict=True))
        template = rows[(rows["activation"] == activation) & (rows["metric"] == "sign_agreement")]
        template = template[template["seed"].isin(of_each)]
        value = template["seed"].map(of_each).astype(float)
        found.append(template.assign(metric="agreement_beyond_chance", value=value))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()
