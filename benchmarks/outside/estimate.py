"""Answer requests for estimates by other libraries: a line of JSON in, the value out.

This runs in an environment of its own, which knows nothing of ``ibutils``.
"""

import json
import sys

import ennemi
import infomeasure
import numpy as np
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression


def flat(samples):
    """Return samples of one coordinate as a vector, as these libraries want them."""
    return samples[:, 0] if samples.shape[1] == 1 else samples


def by_infomeasure(x, y, z, labels, k):
    """Without noise and without scaling, which both take time."""
    given = {} if z is None else {"cond": flat(z)}
    options = {"approach": "ksg", "k": k, "noise_level": 0, "normalize": False}
    estimate = infomeasure.mutual_information if z is None else None
    estimate = estimate or infomeasure.conditional_mutual_information
    return estimate(flat(x), flat(y), **given, **options)


def by_ennemi(x, y, z, labels, k):
    """It scales by itself."""
    cond = None if z is None else flat(z)
    return ennemi.estimate_mi(flat(y), flat(x), k=k, cond=cond, discrete_y=labels).item()


def by_sklearn(x, y, z, labels, k):
    """It scales, and adds noise."""
    estimate = mutual_info_classif if labels else mutual_info_regression
    return estimate(x, flat(y), n_neighbors=k, random_state=0).item()


PEERS = {"infomeasure": by_infomeasure, "ennemi": by_ennemi, "scikit-learn": by_sklearn}

for line in sys.stdin:
    request = json.loads(line)
    with np.load(request["data"]) as arrays:
        x, y, z = (arrays.get(name) for name in "xyz")
    value = PEERS[request["who"]](x, y, z, request["labels"], request["k"])
    print(json.dumps(float(value)), flush=True)
