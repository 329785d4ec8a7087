"""Reading an encoder on the way changes nothing, is resumed, and is labelled by its epoch."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from experiments.infomax import classification, longer
from experiments.infomax.classification import trained
from experiments.infomax.encoder_measures import accuracies
from experiments.infomax.longer_figures import added_by_training, numbers, probed
from ibutils.train import Learner, fit
from reproduce.view import View

SMALL = longer.Settings(images=80, test_images=60, marks=(1, 2), methods=("dim_local",))


@pytest.fixture(scope="module")
def digits():
    return longer.load(SMALL, "cpu")


def rows_of(settings, digits, path):
    (found,) = longer.train(longer.grid(settings)[:1], settings, digits, checkpoint=path)
    return list(found.rows)


@pytest.fixture(scope="module")
def rows(digits, tmp_path_factory):
    return rows_of(SMALL, digits, tmp_path_factory.mktemp("whole") / "c.pt")


def test_each_mark_is_what_a_training_that_ends_there_gives(digits, rows):
    """The slow twin: a training of one epoch, frozen and read as Table 1 does."""
    settings = classification.Settings(
        images=80, test_images=60, epochs=1, methods=("dim_local",), losses=("infonce",)
    )
    member = dict(data="digits", method="dim_local", loss="infonce", seed=0)
    frozen = trained(member, settings, digits.parts).frozen
    slow = accuracies(frozen, settings.probe)
    own = [row for row in rows if row.get("epoch") == 1 and "course" not in row["metric"]]
    assert len(own) == len(slow)
    for one, other in zip(own, slow, strict=True):
        assert (one["layer"], one["metric"]) == (other["layer"], other["metric"])
        assert one["value"] == pytest.approx(other["value"], abs=1e-6)


def test_reading_on_the_way_does_not_change_the_training(digits):
    def after(callbacks):
        member = longer.grid(SMALL)[0]
        part = digits.parts["train"]
        g = torch.Generator().manual_seed(0)
        model = longer.build(
            member["method"], member["loss"], SMALL.networks, part=part, classes=10, generator=g
        )
        learner = Learner(model, SMALL.training.recipe(2))
        fit(learner, part.images, part.labels, seeds=[0], callbacks=callbacks)
        return model.state_dict()

    def spoil(encoder):
        for parameter in encoder.parameters():
            parameter.data.zero_()
        torch.rand(3)
        return []

    alone, watched = after([]), after([longer.OnTheWay(spoil, epochs=(0, 1, 2))])
    assert all(torch.equal(alone[name], watched[name]) for name in alone)


def test_a_resumed_training_keeps_what_was_read(digits, rows, tmp_path, monkeypatch):
    path = tmp_path / "c.pt"
    real = longer.accuracies

    def stopped(frozen, effort):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(frozen, effort)

    calls = []
    monkeypatch.setattr(longer, "accuracies", stopped)
    with pytest.raises(KeyboardInterrupt):
        rows_of(SMALL, digits, path)
    calls.extend([1] * 10)
    assert rows_of(SMALL, digits, path) == rows
    assert len(calls) == 3 + 10 + 1  # only the last mark is read again


def test_numbers_are_by_epoch_and_gains_between_the_last_marks(rows):
    table = pd.DataFrame(rows).assign(**longer.grid(SMALL)[0], data="digits", profile="smoke")
    view = View("infomax", None)
    view.rows = lambda target: table if target == "DIM-T1L" else table[:0]
    view.settings = lambda target: {"data": "digits"}
    found = numbers(view)
    values = probed(view).query("layer == 'y'").set_index("epoch")["value"]
    assert found["t1l-dim_local-infonce-y-1"] == pytest.approx(100 * values[1])
    gain = 100 * (values[2] - values[1])
    assert found["t1l-gain-dim_local-infonce-y"] == pytest.approx(gain)


def test_what_training_adds_is_read_above_the_untrained_encoder():
    here = {"t1l-dim_local-infonce-y-4": 55.0, "t1l-dim_local-infonce-y-0": 35.0}
    there = {"t1-dim_local-infonce-y": 51.0, "t1-untrained-none-y": 31.5}
    assert added_by_training(here | there) == {"t1l-added-all-y": 20.0, "t1l-added-fewer-y": 19.5}
    assert added_by_training(there | {"t1-untrained-none-fc": 30.0}).keys() == {
        "t1l-added-fewer-y"
    }


@pytest.mark.parametrize("marks", [(), (0, 1), (2, 1), (1, 1)])
def test_marks_increase_from_one_or_later(marks):
    with pytest.raises(ValueError, match="marks"):
        replace(SMALL, marks=marks)
