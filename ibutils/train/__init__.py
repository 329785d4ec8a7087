"""One training loop: optimiser, schedule, averaging and callbacks are handed in.

.. code-block:: python

    recipe = Recipe(200, adam(1e-4), staircase(0.97, every=2), averaging=0.999)
    learner = Learner(model, recipe)
    history = fit(learner, inputs, labels, seeds=[0], checkpoint=Path("model.pt"))
    model = learner.averaged()

A ``Trainable`` says what is minimised, a ``Recipe`` how, a ``Learner`` holds all that a step
changes, and ``fit`` is the loop, which a checkpoint resumes bit by bit. The usual settings of a
paper are the function ``recipe`` in its room, such as :func:`ibutils.vib.recipe`. Many models are
one learner in :mod:`ibutils.ensemble`.
"""

from ibutils.train.callbacks import Callback, MeanOfLast
from ibutils.train.checkpoint import CheckpointWarning
from ibutils.train.learner import Learner
from ibutils.train.loop import fit
from ibutils.train.recipe import Recipe, adam, milestones, nesterov, staircase
from ibutils.train.stream import LEAST_SEED, Stream, generator
from ibutils.train.trainable import Trainable

__all__ = [
    "LEAST_SEED",
    "Callback",
    "CheckpointWarning",
    "Learner",
    "MeanOfLast",
    "Recipe",
    "Stream",
    "Trainable",
    "adam",
    "fit",
    "generator",
    "milestones",
    "nesterov",
    "staircase",
]
