"""What is measured of recorded rows and arrays before claims are read from them."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from reproduce.registry import Registry

Measure = Callable[[pd.DataFrame, Mapping[str, Mapping[str, np.ndarray]]], pd.DataFrame]

measure: Registry[Measure] = Registry("claims.measure")
"""``@claims.measure("gains")`` on a function of an experiment, ``measures: gains`` of a target."""
