"""Tables of the chapter on L2 penalties: who dies of which, and whether the output falls."""

import math

import pandas as pd
import torch

from experiments.information_plane import regularisation_figures
from experiments.information_plane.regularisation import Settings
from experiments.information_plane.regularisation import rows as recorded
from ibutils.information_plane import Looks
from reproduce.view import View

BIT = math.log(2)


def rows(l2, changes, *, dead=(), output=None):
    """Return rows of networks whose output changes by so many bits, some of them dead."""
    made = [
        dict(l2=l2, seed=seed, layer=layer, metric=metric, value=value)
        for seed, change in enumerate(changes)
        for layer, first, last in ((5, 1.0, 0.0 if seed in dead else 1.0), (6, 3.0, 3.0 + change))
        for metric, value in (("initial", first * BIT), ("final", last * BIT))
    ]
    return pd.DataFrame(made) if output is None else pd.DataFrame(made).assign(output=output)


class Stored(View):
    """A record of some tables."""

    def __init__(self, tables):
        super().__init__("information_plane", None, chosen=Settings(penalty=0.02))
        self.tables = tables

    def rows(self, target):
        return self.tables[target]


OF_PLANES = pd.concat([rows(0.0, [1, 2, 3]), rows(0.02, [1, -3, 2], dead=[1])])


def test_deaths_count_networks_of_one_activity_by_penalty():
    shown = regularisation_figures.deaths(
        Stored({"AE-F8": OF_PLANES, "AE-F8W": rows(0.001, [1, 1, 1], dead=[0, 1])})
    )
    assert shown["dead networks"].to_dict() == {"no penalty": 0, "λ = 0.001": 2, "λ = 0.02": 1}
    assert set(shown["of"]) == {3}


def test_outputs_leave_dead_networks_out():
    strong = rows(0.02, [0.75, -9, -0.25], dead=[1], output=0.2)
    shown = regularisation_figures.outputs(Stored({"AE-F8": OF_PLANES, "AE-F8O": strong}))
    free, charged = shown.loc["no penalty"], shown.loc["λ = 0.2"]
    assert [*free] == ["1.50", "1.00", 0, 2]
    assert [*charged] == ["0.25", "-0.25", 1, 2]


def test_recorded_rows_hold_information_before_and_after_and_the_last_accuracy():
    looks = Looks(torch.zeros(2, 1), torch.tensor([0, 1]), epochs=[0, 10], measure=lambda _: {})
    ends = torch.tensor([1.0, 3.0])[:, None, None] + torch.arange(6.0) / 10
    shares = torch.tensor([[0.25, 0.25], [0.75, 0.5]])
    looks.history = {
        "ebab_input": ends + torch.tensor([0.0, 4.0])[:, None],
        "train_accuracy": shares,
        "test_accuracy": shares - 0.25,
    }
    for output, target in ((0.0, "AE-F8W"), (0.2, "AE-F8O")):
        member = dict(l2=0.015, output=output)
        table = pd.DataFrame(recorded(member, Settings(seeds=(5, 9)), looks))
        assert set(table["target"]) == {target}
        found = table.set_index(["metric", "split", "layer", "seed"])["value"]
        assert found["initial", "all", 1, 5] == 1.0 and found["final", "all", 1, 5] == 3.0
        assert found["final", "all", 4, 9] == 7.3 and found["initial", "all", 4, 9] == 5.3
        own = table[table["metric"] == "accuracy"].set_index(["split", "seed"])["value"]
        assert own.to_dict() == {
            ("train", 5): 0.75,
            ("train", 9): 0.5,
            ("test", 5): 0.5,
            ("test", 9): 0.25,
        }
