"""The distance of recorded activity from log-normal, on samples whose law is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from experiments.information_dropout.log_normal import distances, measure
from reproduce.record import key

N = 200_000


def histogram(values, bins=60):
    density, edges = np.histogram(values, bins=bins, density=True)
    return edges, density


@pytest.mark.parametrize("scale", [0.5, 1.0, 30.0])
def test_a_normal_is_near_a_normal_in_any_unit(scale):
    values = stats.norm(-3, scale).rvs(N, random_state=0)
    of_normal, of_uniform = distances(*histogram(values, bins=400))
    assert of_normal < 2 / np.sqrt(N) + 0.002  # sampling, and interpolated quartiles
    whole = np.linspace(-6, 6, 100_001)  # 0.6745 times two on either side of the middle
    half = 2 * stats.norm.ppf(0.75)
    exact = np.abs(stats.norm.cdf(whole) - stats.uniform(-half, 2 * half).cdf(whole)).max()
    assert of_uniform == pytest.approx(exact, abs=0.005)


def test_a_uniform_is_near_a_uniform():
    of_normal, of_uniform = distances(*histogram(np.random.default_rng(0).random(N)))
    assert of_uniform < 0.005 < 0.05 < of_normal


def test_far_values_do_not_decide():
    """A ten-thousandth of the sample far out moves mean, deviation and range, not the distance."""
    values = stats.norm.rvs(size=N, random_state=0)
    values[: N // 10_000] = -100
    of_normal, of_uniform = distances(*histogram(values, bins=2000))
    assert of_normal < 0.01 < 0.05 < of_uniform


def test_rows_of_each_member_whose_histogram_is_on_record():
    edges, density = histogram(stats.norm.rvs(size=N, random_state=0), bins=400)
    member = dict(activation="softplus", width=0.125, alpha=np.nan, seed=0)
    fixed = dict(target="ID-F1", split="test", metric="skewness", value=0.0, unit="ratio")
    rows = pd.DataFrame([fixed | member, fixed | member | {"seed": 1}])
    found = measure(rows, {key(member): dict(edges=edges, density=density)})
    assert found["seed"].tolist() == [0, 0] and "skewness" not in set(found["metric"])
    values = found.set_index("metric")["value"]
    of_normal, of_uniform = distances(edges, density)
    assert values["normal_distance"] == of_normal
    assert values["normal_advantage"] == of_uniform - of_normal > 0
