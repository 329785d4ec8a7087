"""Which statements about compression survive which choice that the paper leaves open."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from reproduce.claims import ALPHA, Evidence, correlation, difference, uncorrelated

LAST, OUTPUT = 5, 6  # layers
PENALTY = 0.015
NEGLIGIBLE = 0.2  # size of a rank correlation

Statement = Callable[[pd.DataFrame, str], Evidence]


def _values(
    table: pd.DataFrame, metric: str, activation: str, layer: int, l2: float = 0.0
) -> np.ndarray:
    """Return one metric of one layer over seeds, in the order of seeds."""
    own = table[(table["metric"] == metric) & (table["activation"] == activation)]
    own = own[(own["layer"] == layer) & np.isclose(own["l2"], l2)]
    return own.sort_values("seed")["value"].to_numpy()


def _falls(activation: str, l2: float = 0.0) -> Statement:
    """State that information in the last hidden layer falls from the first to the last epoch."""
    return lambda table, score: difference(
        _values(table, "signed_change", activation, LAST, l2), alternative="less"
    )


def _more_than(activation: str) -> Statement:
    """State that tanh falls more than another activation of the same seeds, by the score."""
    return lambda table, score: difference(
        *(
            (-1 if score == "signed_change" else 1) * _values(table, score, name, LAST)
            for name in ("tanh", activation)
        ),
        paired=True,
    )


def _rises_with_accuracy(table: pd.DataFrame, score: str) -> Evidence:
    """State that the score of the output rises with test accuracy over all activations."""
    x, y, activation = _pooled(table, score, OUTPUT)
    return correlation(x, y, cluster=activation)


def _hidden_uncorrelated(table: pd.DataFrame, score: str) -> Evidence:
    """State that no hidden layer's score goes with accuracy; the evidence is the worst layer's."""
    found = []
    for layer in range(1, LAST + 1):
        x, y, activation = _pooled(table, score, layer)
        found.append(uncorrelated(x, y, margin=NEGLIGIBLE, cluster=activation))
    worst = max(found, key=lambda one: one.p)
    against = min(1.0, len(found) * min(one.against for one in found))
    return Evidence(worst.effect, worst.low, worst.high, worst.n, worst.p, against)


def _pooled(table: pd.DataFrame, score: str, layer: int) -> tuple[np.ndarray, ...]:
    """Return score, positive where a layer compresses, accuracy and activation of networks.

    They are unpenalised; those of one activation are alike, and no independent evidence.
    """
    own = table[(table["layer"] == layer) & np.isclose(table["l2"], 0)]
    wide = own.pivot_table(index=["activation", "seed"], columns="metric", values="value")
    sign = -1 if score == "signed_change" else 1
    activation = wide.index.get_level_values("activation").to_numpy()
    return sign * wide[score].to_numpy(), wide["test_accuracy"].to_numpy(), activation


STATEMENTS: Mapping[str, Statement] = {
    "ELU falls": _falls("elu"),
    "Swish falls": _falls("swish"),
    "centred softplus falls": _falls("centred_softplus"),
    "tanh over ELU": _more_than("elu"),
    "tanh over absolute value": _more_than("abs"),
    "ReLU with L2 falls": _falls("relu", PENALTY),
    "output with accuracy": _rises_with_accuracy,
    "hidden without": _hidden_uncorrelated,
}


def sensitivity(table: pd.DataFrame, choices: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    """Return a verdict on each statement under each choice.

    Args:
        table: What ``experiments.information_plane.network_scores.measure`` returns.
        choices: By name of the choice, the ``estimator``, ``examples`` and ``score`` it means.

    Returns:
        A word for each choice and statement, ``yes`` where the opposite is rejected at 5 %,
        ``no`` where the statement is, ``open`` where neither, and empty without a record.
    """
    found = {}
    for name, choice in choices.items():
        own = table[table["estimator"] == choice["estimator"]]
        own = own[own["examples"] == choice["examples"]]
        found[name] = {title: _word(s, own, choice["score"]) for title, s in STATEMENTS.items()}
    return pd.DataFrame.from_dict(found, orient="index")


def _word(statement: Statement, table: pd.DataFrame, score: str) -> str:
    """Return the verdict on one statement."""
    try:
        evidence = statement(table, score)
    except (ValueError, KeyError):  # too few seeds or activations are on record
        return ""
    return "yes" if evidence.p < ALPHA else "no" if evidence.against < ALPHA else "open"
