"""Changes by bins and by kernels are those of the same networks, with a sign where it is sure."""

import math

import numpy as np

from experiments.information_plane.kernels_and_bins import KERNELS, agreements, measured_by_both
from experiments.information_plane.plane_record import member_key, pack
from reproduce.view import View


class Given(View):
    """A view of scores of tanh networks, ``{estimator: changes in bits}``."""

    def __init__(self, changes):
        super().__init__("information_plane", None)
        scores = {}
        for name, own in changes.items():
            found = np.zeros((len(own), 6, 3))
            found[:, 4, 2] = np.array(own) * math.log(2)  # in nats
            scores[f"scores {name}"] = pack(found)
        self.held = {member_key("tanh"): scores}

    def arrays(self, target):
        return self.held


SURE, OPEN = [-2.0, -2.1, -1.9], [-2.0, 2.5, 0.1]


def test_bins_of_networks_that_kernels_have_not_seen_do_not_count():
    view = Given({"ebab": [*SURE, 9.0, 9.0]} | dict.fromkeys(KERNELS, SURE))
    table = measured_by_both(view)["bins"]
    np.testing.assert_allclose(table.loc["tanh", "mean"], -2, atol=1e-3)
    np.testing.assert_allclose(table.loc["tanh", "error"], 0.1 / 3**0.5, atol=1e-3)


def test_a_sign_counts_where_both_intervals_leave_zero_out():
    first, *others = KERNELS
    rising = {first: [2.0, 2.1, 1.9]} | dict.fromkeys(others, OPEN)
    found = agreements(Given({"ebab": SURE} | rising))
    counts = [(found[f"agree {t}"], found[f"against {t}"]) for t in KERNELS.values()]
    assert counts == [(0, 1), (0, 0), (0, 0), (0, 0)] and found["kernels-of"] == 1
