"""What each profile trains is fixed here, so that a recorded profile can't shrink unnoticed."""

import ast
import json

import papermill
import pytest
import yaml
from copies import ROOT, code_cells

from ibutils.train import Recipe
from reproduce import record

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*/*.ipynb"))
FILES = sorted((ROOT / "notebooks").glob("*/*.yaml"))
RUNS = record.runs(ROOT / "results")
LIMIT = 2_000_000  # bytes of a recorded file

ALL_BETAS = "0 1e-11 1e-9 1e-8 1e-7 1e-6 1e-5 1e-4 3e-4 1e-3 3e-3 1e-2 3e-2 0.1 0.3 1".split()
PAPER_NETWORK = {"data": "mnist", "hidden": 1024, "wide": 256, "averaging": 0.999}
FIVE, THREE = [0, 1, 2, 3, 4], [0, 1, 2]
EIGHT = ["tanh", "relu", "abs", "prelu", "elu", "softplus", "centred_softplus", "swish"]
PLANES = {
    "epochs": 8000,
    "points": 400,
    "seeds": list(range(50)),
    "activations": [*EIGHT, "softsign"],
    "penalties": [0.005, 0.01, 0.015, 0.02],
    "fractions": [0.05, 0.15, 0.3, 0.45],
    "full_batch": ["tanh", "relu"],
    "depths": [1, 3],
    "ordered": EIGHT,
    "bins": 30,
    "other_bins": [15, 60, 100],
    "learning_rate": 4e-4,
    "compiled": True,
}
ON_CPU = {"batch_size": 64, "learning_rate": 1e-4, "precision": "float32", "compile": False}
ON_GPU = {**ON_CPU, "precision": "bfloat16", "compile": True}
PINNED = {
    "foundations/calibration.laptop.yaml": {
        "profile": "laptop",
        "tasks": [],  # all of the catalogue
        "concatenated": [
            "normal-1x1-0.9",
            "normal-dense-5x5-0.5",
            "normal-sparse-5x5-2x0.8",
            "half-cube-normal-1x1-0.9",
            "spiral-normal-sparse-5x5-2x0.8",
            "student-2x2-1",
            "uniform-1x1-0.1",
            "channel-1x1-8-0.2",
        ],
        "samples": 5000,
        "few_samples": 500,
        "critics": ["separable", "separable_relu"],
        "bounds": [
            "donsker_varadhan",
            "nwj",
            "info_nce",
            "jensen_shannon",
            "jensen_shannon_nwj",
            "smile",
        ],
        "few_bounds": ["info_nce", "nwj"],
        "steps": 2000,
        "batch_size": 256,
        "concatenated_batch_size": 64,
        "neighbours": 3,
        "bins": 10,
        "seeds": FIVE,
    },
    "foundations/jensen_shannon.laptop.yaml": {
        "profile": "laptop",
        "sizes": [8, 16, 32, 64, 128],
        "draws": 1000,
        "seeds": FIVE,
    },
    "infomax/few_negatives.laptop.yaml": {
        "profile": "laptop",
        "data": "cifar10",
        "images": 2000,
        "test_images": 0,
        "training": {**ON_CPU, "learning_rate": 1e-3},
        "networks": {"channels": 0.125, "units": 64},
        "losses": ["dv_each", "dv", "infonce", "jsd"],
        "lengths": [4, 16, 64, 256],
        "seeds": [0],
        "probe": {"epochs": 15, "learning_rate": 0.001, "milestones": [10], "last": 3},
    },
    "infomax/few_negatives.gpu.yaml": {
        "profile": "gpu",
        "data": "cifar10",
        "images": 0,
        "test_images": 0,
        "training": ON_GPU,
        "networks": {"channels": 1.0, "units": 2048},
        "losses": ["dv_each", "dv", "infonce", "jsd"],
        "lengths": [4, 16, 64],
        "seeds": [0],
        "probe": {"epochs": 50, "learning_rate": 0.001, "milestones": [33], "last": 3},
    },
    "infomax/ablations.laptop.yaml": {
        "profile": "laptop",
        "data": "cifar10",
        "test_images": 0,
        "training": ON_CPU,
        "networks": {"channels": 1.0, "units": 256, "global_units": 512, "decoder_channels": 0.5},
        "images": 10000,
        "epochs": 20,
        "losses": ["dv", "jsd", "infonce"],
        "log2_images": [0, 3],
        "seeds": [0],
        "weight_epochs": 15,
        "weights": {"alpha": [], "beta": [], "gamma": []},
        "weight_seeds": [],
        "rate_epochs": 10,
        "rate_betas": [0.1, 1.0, 4.0],
        "rate_seeds": [0, 1],
        "critics": 2,
        "probe": {"epochs": 15, "learning_rate": 0.001, "milestones": [10], "last": 3},
        "decoder": {"epochs": 10, "learning_rate": 0.001},
        "mine": {"steps": 1000, "learning_rate": 0.0001},
        "ndm": {"steps": 200, "learning_rate": 0.001},
    },
    "infomax/ablations.gpu.yaml": {
        "profile": "gpu",
        "data": "cifar10",
        "test_images": 0,
        "training": ON_GPU,
        "networks": {"channels": 1.0, "units": 2048, "global_units": 512, "decoder_channels": 1.0},
        "images": 0,
        "epochs": 60,
        "losses": ["dv", "jsd", "infonce"],
        "log2_images": [0, 1, 2, 3, 4, 5],
        "seeds": [0],
        "weight_epochs": 30,
        "weights": {"alpha": [0.0, 0.5, 1.0], "beta": [0.0, 0.5, 1.0], "gamma": [0.0, 0.1]},
        "weight_seeds": [0],
        "rate_epochs": 30,
        "rate_betas": [0.1, 0.5, 1.0, 1.5, 2.0, 4.0],
        "rate_seeds": [0, 1],
        "critics": 3,
        "probe": {"epochs": 50, "learning_rate": 0.001, "milestones": [33], "last": 3},
        "decoder": {"epochs": 20, "learning_rate": 0.001},
        "mine": {"steps": 5000, "learning_rate": 0.0001},
        "ndm": {"steps": 1000, "learning_rate": 0.0001},
    },
    "infomax/ablations.paper.yaml": {
        "profile": "paper",
        "data": "cifar10",
        "test_images": 0,
        "training": ON_GPU,
        "networks": {"channels": 1.0, "units": 2048, "global_units": 512, "decoder_channels": 1.0},
        "images": 0,
        "epochs": 1000,
        "losses": ["dv", "jsd", "infonce"],
        "log2_images": [0, 1, 2, 3, 4, 5],
        "seeds": THREE,
        "weight_epochs": 1000,
        "weights": {
            "alpha": [0.0, 0.25, 0.5, 0.75, 1.0],
            "beta": [0.0, 0.25, 0.5, 0.75, 1.0],
            "gamma": [0.0, 0.1, 1.0],
        },
        "weight_seeds": [0],
        "rate_epochs": 1000,
        "rate_betas": [0.1, 0.5, 1.0, 1.5, 2.0, 4.0],
        "rate_seeds": FIVE,
        "critics": 10,
        "probe": {"epochs": 1000, "learning_rate": 0.0001, "milestones": [50, 100], "last": 100},
        "decoder": {"epochs": 100, "learning_rate": 0.0001},
        "mine": {"steps": 10000, "learning_rate": 0.0001},
        "ndm": {"steps": 1000, "learning_rate": 0.0001},
    },
    "infomax/classification.laptop.yaml": {
        "profile": "laptop",
        "datasets": ["cifar10"],
        "images": 10000,
        "test_images": 0,
        "epochs": 20,
        "large_epochs": 20,
        "training": ON_CPU,
        "networks": {"channels": 1.0, "units": 256, "global_units": 512, "decoder_channels": 0.5},
        "methods": [
            "untrained",
            "supervised",
            "ae",
            "vae",
            "bigan",
            "dim_global",
            "dim_local",
            "dim_both",
            "dim_coordinates",
            "dim_occlusion",
            "dim_coordinates_occlusion",
        ],
        "losses": ["dv", "jsd", "infonce"],
        "seeds": THREE,
        "other_seeds": [0],
        "detail_seeds": [0, 1],
        "probe": {"epochs": 15, "learning_rate": 0.001, "milestones": [10], "last": 3},
        "machine": {"count": 1, "images": 0, "iterations": 50},
        "decoder": {"epochs": 10, "learning_rate": 0.001},
        "mine": {"steps": 1000, "learning_rate": 0.0001},
        "ndm": {"steps": 200, "learning_rate": 0.001},
    },
    "infomax/classification.gpu.yaml": {
        "profile": "gpu",
        "datasets": ["cifar10"],
        "images": 0,
        "test_images": 0,
        "epochs": 60,
        "large_epochs": 30,
        "training": ON_GPU,
        "networks": {"channels": 1.0, "units": 2048, "global_units": 512, "decoder_channels": 1.0},
        "methods": [
            "untrained",
            "supervised",
            "ae",
            "vae",
            "beta_vae",
            "aae",
            "bigan",
            "nat",
            "dim_global",
            "dim_local",
            "dim_both",
            "dim_coordinates",
            "dim_occlusion",
            "dim_coordinates_occlusion",
            "crops_dim",
            "crops_cpc",
            "crops_dim_multiple",
        ],
        "losses": ["dv", "jsd", "infonce"],
        "seeds": THREE,
        "other_seeds": [0],
        "detail_seeds": [0, 1],
        "probe": {"epochs": 50, "learning_rate": 0.001, "milestones": [33], "last": 3},
        "machine": {"count": 1, "images": 10000, "iterations": 50},
        "decoder": {"epochs": 20, "learning_rate": 0.001},
        "mine": {"steps": 5000, "learning_rate": 0.0001},
        "ndm": {"steps": 1000, "learning_rate": 0.0001},
    },
    "infomax/classification.paper.yaml": {
        "profile": "paper",
        "datasets": ["cifar10", "cifar100", "tiny_imagenet", "stl10"],
        "images": 0,
        "test_images": 0,
        "epochs": 1000,
        "large_epochs": 200,
        "training": ON_GPU,
        "networks": {"channels": 1.0, "units": 2048, "global_units": 512, "decoder_channels": 1.0},
        "methods": [
            "untrained",
            "supervised",
            "ae",
            "vae",
            "beta_vae",
            "aae",
            "bigan",
            "nat",
            "dim_global",
            "dim_local",
            "dim_both",
            "dim_coordinates",
            "dim_occlusion",
            "dim_coordinates_occlusion",
            "crops_dim",
            "crops_cpc",
            "crops_dim_multiple",
        ],
        "losses": ["dv", "jsd", "infonce"],
        "seeds": THREE,
        "other_seeds": THREE,
        "detail_seeds": THREE,
        "probe": {"epochs": 1000, "learning_rate": 0.0001, "milestones": [50, 100], "last": 100},
        "machine": {"count": 5, "images": 0, "iterations": 1000},
        "decoder": {"epochs": 100, "learning_rate": 0.0001},
        "mine": {"steps": 10000, "learning_rate": 0.0001},
        "ndm": {"steps": 1000, "learning_rate": 0.0001},
    },
    "information_dropout/disentanglement.gpu.yaml": {
        "profile": "gpu",
        "pictures": "cifar10",
        "images": 50000,
        "epochs": 50,
        "learning_rate": 0.05,
        "share": 0.25,
        "betas": [0.0, 0.3, 1.0, 3.0, 10.0, 30.0],
        "shares": [],
        "share_beta": 1.0,
        "seeds": [0, 1],
    },
    "information_dropout/disentanglement.laptop.yaml": {
        "profile": "laptop",
        "pictures": "cifar10",
        "images": 10000,
        "epochs": 15,
        "learning_rate": 0.05,
        "share": 0.125,
        "betas": [0.0, 0.3, 1.0, 3.0, 10.0, 30.0],
        "shares": [],
        "share_beta": 1.0,
        "seeds": [0, 1],
    },
    "information_dropout/disentanglement.paper.yaml": {
        "profile": "paper",
        "pictures": "cifar10",
        "images": 50000,
        "epochs": 200,
        "learning_rate": 0.05,
        "share": 0.25,
        "betas": [0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0],
        "shares": [],
        "share_beta": 1.0,
        "seeds": [0, 1],
    },
    "information_dropout/nuisances.gpu.yaml": {
        "profile": "gpu",
        "data": "mnist",
        "pictures": "cifar10",
        "size": 96,
        "distractors": 21,
        "patch": 8,
        "blocks": [32, 64, 96, 192],
        "clutter_images": 50000,
        "clutter_epochs": 20,
        "clutter_rate": 0.01,
        "clutter_batch": 128,
        "max_alpha": 0.7,
        "clutter_betas": [0.01, 0.1, 0.5, 1.0],
        "images": 50000,
        "share": 0.25,
        "epochs": 50,
        "reader_epochs": 10,
        "betas": [0.0, 0.3, 1.0, 3.0, 10.0, 30.0],
        "priors": [],
        "seeds": THREE,
    },
    "information_dropout/nuisances.laptop.yaml": {
        "profile": "laptop",
        "data": "mnist",
        "pictures": "cifar10",
        "size": 48,
        "distractors": 5,
        "patch": 8,
        "blocks": [16, 32, 48],
        "clutter_images": 10000,
        "clutter_epochs": 10,
        "clutter_rate": 0.05,
        "clutter_batch": 64,
        "max_alpha": 0.7,
        "clutter_betas": [0.01, 0.1, 0.5, 1.0],
        "images": 10000,
        "share": 0.125,
        "epochs": 15,
        "reader_epochs": 8,
        "betas": [0.0, 0.3, 1.0, 3.0, 10.0, 30.0],
        "priors": [],
        "seeds": THREE,
    },
    "information_dropout/nuisances.paper.yaml": {
        "profile": "paper",
        "data": "mnist",
        "pictures": "cifar10",
        "size": 96,
        "distractors": 21,
        "patch": 8,
        "blocks": [32, 64, 96, 192],
        "clutter_images": 50000,
        "clutter_epochs": 80,
        "clutter_rate": 0.01,
        "clutter_batch": 128,
        "max_alpha": 0.7,
        "clutter_betas": [0.01, 0.1, 0.5, 1.0],
        "images": 50000,
        "share": 1.0,
        "epochs": 200,
        "reader_epochs": 20,
        "betas": [0.0, 0.3, 1.0, 3.0, 10.0, 30.0],
        "priors": [],
        "seeds": THREE,
    },
    "information_dropout/vae.gpu.yaml": {
        "profile": "gpu",
        "data": "mnist",
        "epochs": 60,
        "learning_rate": 0.001,
        "milestones": [30, 50],
        "factors": [1.0, 2.0, 3.0],
        "seeds": THREE,
        "large_seeds": THREE,
    },
    "information_dropout/vae.laptop.yaml": {
        "profile": "laptop",
        "data": "mnist",
        "epochs": 50,
        "learning_rate": 0.001,
        "milestones": [30, 42],
        "factors": [0.25, 1.0],
        "seeds": THREE,
        "large_seeds": [0],
    },
    "information_dropout/vae.paper.yaml": {
        "profile": "paper",
        "data": "mnist",
        "epochs": 300,
        "learning_rate": 0.001,
        "milestones": [30, 120],
        "factors": [1.0, 2.0, 3.0],
        "seeds": THREE,
        "large_seeds": THREE,
    },
    "information_dropout/width.gpu.yaml": {
        "profile": "gpu",
        "data": "mnist",
        "pictures": "cifar10",
        "images": 50000,
        "held_out": 10000,
        "units": [200, 400, 800, 1200],
        "shares": [0.25, 0.5, 0.75, 1.0],
        "methods": ["none", "binary", "constant", "information"],
        "betas": [0.1, 1.0, 3.0],
        "alphas": [0.1, 0.2, 0.35, 0.7],
        "softplus_beta": 1.0,
        "relu_beta": 3.0,
        "perceptron_epochs": 20,
        "softplus_epochs": 40,
        "relu_epochs": 50,
        "softplus_batch": 256,
        "seeds": THREE,
        "wide_seeds": [0],
    },
    "information_dropout/width.laptop.yaml": {
        "profile": "laptop",
        "data": "mnist",
        "pictures": "cifar10",
        "images": 10000,
        "held_out": 10000,
        "units": [50, 100, 200, 400],
        "shares": [0.0625, 0.125, 0.25],
        "methods": ["none", "binary", "constant", "information"],
        "betas": [0.1, 1.0, 3.0],
        "alphas": [0.1, 0.2, 0.35, 0.7],
        "softplus_beta": 1.0,
        "relu_beta": 3.0,
        "perceptron_epochs": 20,
        "softplus_epochs": 15,
        "relu_epochs": 15,
        "softplus_batch": 100,
        "seeds": THREE,
        "wide_seeds": [0],
    },
    "information_dropout/width.paper.yaml": {
        "profile": "paper",
        "data": "mnist",
        "pictures": "cifar10",
        "images": 50000,
        "held_out": 10000,
        "units": [200, 400, 800, 1200],
        "shares": [0.25, 0.5, 0.75, 1.0],
        "methods": ["none", "binary", "constant", "information"],
        "betas": [0.1, 1.0, 3.0],
        "alphas": [0.1, 0.2, 0.35, 0.7],
        "softplus_beta": 1.0,
        "relu_beta": 3.0,
        "perceptron_epochs": 80,
        "softplus_epochs": 160,
        "relu_epochs": 200,
        "softplus_batch": 256,
        "seeds": THREE,
        "wide_seeds": THREE,
    },
    "information_plane/estimators.laptop.yaml": {
        "profile": "laptop",
        "epochs": 8000,
        "points": 400,
        "kernel_every": 5,
        "measured": 4096,
        "seeds": list(range(10)),
        "compiled": True,
    },
    "information_plane/estimators.paper.yaml": {
        "profile": "paper",
        "epochs": 8000,
        "points": 400,
        "kernel_every": 1,
        "measured": 4096,
        "seeds": list(range(10)),
        "compiled": True,
    },
    "information_plane/linear_networks.laptop.yaml": {
        "profile": "laptop",
        "inputs": 100,
        "width": 100,
        "deep_width": 50,
        "samples": [100, 1000],
        "duration": 1000.0,
        "scalar_duration": 50.0,
        "points": 60,
        "seeds": FIVE,
    },
    "information_plane/planes.laptop.yaml": {
        **PLANES,
        "profile": "laptop",
        "kept": 60,
        "coarse": 15,
        "kernel_seeds": 10,
    },
    "information_plane/planes.paper.yaml": {
        **PLANES,
        "profile": "paper",
        "kept": 274,
        "coarse": 60,
        "kernel_seeds": 50,
    },
    "vib/mnist.laptop.yaml": {
        **PAPER_NETWORK,
        "profile": "laptop",
        "epochs": 25,
        "learning_rate": 2e-4,
        "seeds": FIVE,
        "betas": [0, 1e-8, 1e-6, 1e-4, 1e-3, 1e-2, 0.1, 1],
        "wide_seeds": [0, 1],
        "narrow_seeds": [0, 1],
    },
    "vib/mnist.gpu.yaml": {
        **PAPER_NETWORK,
        "profile": "gpu",
        "epochs": 50,
        "learning_rate": 2e-4,
        "seeds": FIVE,
        "betas": [float(beta) for beta in ALL_BETAS],
        "wide_seeds": THREE,
        "narrow_seeds": THREE,
    },
    "vib/mnist.paper.yaml": {
        **PAPER_NETWORK,
        "profile": "paper",
        "epochs": 200,
        "learning_rate": 1e-4,
        "seeds": FIVE,
        "betas": [float(beta) for beta in ALL_BETAS],
        "wide_seeds": FIVE,
        "narrow_seeds": FIVE,
    },
    "vib/robustness.laptop.yaml": {
        **PAPER_NETWORK,
        "profile": "laptop",
        "epochs": 15,
        "learning_rate": 2e-4,
        "betas": [0, 1e-10, 1e-8, 1e-6, 1e-4, 1e-3, 1e-2],
        "seeds": THREE,
        "step_images": 1000,
        "search_images": 100,
        "zeros": 10,
        "executions": 1,
        "search_steps": 5,
        "iterations": 200,
        "rate": 0.05,
        "weight": 1.0,
        "counts": [25, 50, 100, 200, 400],
        "restarts": 3,
        "gradients": 5,
    },
    "vib/robustness.gpu.yaml": {
        **PAPER_NETWORK,
        "profile": "gpu",
        "epochs": 50,
        "learning_rate": 2e-4,
        "betas": [0, 1e-11, 1e-10, 1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2],
        "seeds": [0],
        "step_images": 1000,
        "search_images": 500,
        "zeros": 10,
        "executions": 1,
        "search_steps": 5,
        "iterations": 400,
        "rate": 0.05,
        "weight": 1.0,
        "counts": [50, 100, 200, 400, 800],
        "restarts": 5,
        "gradients": 10,
    },
    "vib/robustness.paper.yaml": {
        **PAPER_NETWORK,
        "profile": "paper",
        "epochs": 200,
        "learning_rate": 1e-4,
        "betas": [0, *(10.0**e for e in range(-11, -1))],
        "seeds": THREE,
        "step_images": 1000,
        "search_images": 1000,
        "zeros": 10,
        "executions": 3,
        "search_steps": 9,
        "iterations": 10_000,
        "rate": 0.01,
        "weight": 1e-3,
        "counts": [100, 1000, 10_000],
        "restarts": 10,
        "gradients": 20,
    },
}


def name(path):
    return f"{path.parent.name}/{path.name}"


def notebook_of(file):
    return file.with_name(file.name.split(".")[0] + ".ipynb")


def literals(notebook):
    """Return the parameters of a notebook by the literals of its cell."""
    (source,) = [source for tags, source in code_cells(notebook) if "parameters" in tags]
    found = {}
    for statement in ast.parse(source).body:
        assert isinstance(statement, ast.Assign), ast.unparse(statement)
        (target,) = statement.targets
        found[target.id] = ast.literal_eval(statement.value)
    return found


def test_every_parameter_file_is_pinned_and_whole():
    assert {name(file): yaml.safe_load(file.read_text()) for file in FILES} == PINNED


@pytest.mark.parametrize("file", FILES, ids=name)
def test_parameter_file_names_its_profile_and_parameters_of_its_notebook(file):
    given, known = yaml.safe_load(file.read_text()), literals(notebook_of(file))
    assert set(given) <= set(known)
    assert given["profile"] == file.name.split(".")[1]
    for parameter, value in given.items():
        kinds = (int, float) if isinstance(known[parameter], float) else type(known[parameter])
        assert isinstance(value, kinds), f"{parameter} is {value!r}"
        if isinstance(value, list):
            assert len(set(value)) == len(value), f"{parameter} repeats a value"


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=name)
def test_papermill_finds_every_parameter(notebook):
    found = papermill.inspect_notebook(str(notebook))
    known = literals(notebook)
    assert {key: ast.literal_eval(entry["default"]) for key, entry in found.items()} == known


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=name)
def test_defaults_are_the_smoke_run(notebook):
    known = literals(notebook)
    assert known.get("profile", "smoke") == "smoke" and known.get("data", "digits") == "digits"


def test_networks_have_the_published_numbers_of_weights():
    """Deep VIB: 2,380,810 weights at K = 256 and 1,859,620 at K = 2, by the chapter's own code."""
    scope = {}
    for tags, source in code_cells(ROOT / "notebooks/vib/mnist.ipynb"):
        if tags & {"parameters", "experiment"}:
            exec(source, scope)
            if "parameters" in tags:
                scope |= {"device": "cpu", "hidden": 1024}
    for bottleneck, expected in ((256, 2_380_810), (2, 1_859_620)):
        member = {"method": "vib", "bottleneck": bottleneck, "beta": 1e-3, "seed": 0}
        model = scope["build"](member, 784)
        assert sum(p.numel() for p in model.parameters()) == expected
    own = {name: scope[name] for name in ("epochs", "learning_rate", "averaging")}
    assert scope["recipe"] == Recipe(**own)  # all else as the defaults, which are the paper's


class TestRecorded:
    """Each committed run against the parameter file of its profile."""

    pytestmark = pytest.mark.skipif(not RUNS, reason="nothing is recorded")
    each = pytest.mark.parametrize("run", RUNS, ids=lambda run: run["folder"].name)

    @each
    def test_settings_are_those_of_the_parameter_file(self, run):
        notebook = ROOT / "notebooks" / f"{run['notebook']}.ipynb"
        file = notebook.with_suffix(f".{run['profile']}.yaml")
        expected = literals(notebook) | yaml.safe_load(file.read_text())
        assert run["settings"] == {setting: expected[setting] for setting in run["settings"]}

    @each
    def test_members_belong_to_the_grid(self, run):
        file = ROOT / "notebooks" / f"{run['notebook']}.{run['profile']}.yaml"
        given = yaml.safe_load(file.read_text())
        for entry in run["members"]:
            member = entry["member"]
            if "bottleneck" in member:  # of Deep VIB
                assert member["beta"] in [None, *given["betas"]]
                assert member["bottleneck"] in (None, 2, given["wide"])
                assert member["seed"] in {*given["seeds"], *given.get("wide_seeds", [])}

    @each
    def test_comes_from_a_commit(self, run):
        assert run["dirty"] is False and len(run["commit"]) == 40

    @each
    def test_files_are_small_and_nothing_is_left_over(self, run):
        files = list(run["folder"].iterdir())
        assert all(file.stat().st_size < LIMIT for file in files)
        assert all(file.suffix in (".json", ".csv", ".npz") for file in files)
        assert not any(file.name.startswith(".") for file in files)
        text = (run["folder"] / "run.json").read_text()
        assert json.loads(text)["members"] and str(ROOT) not in text

    def test_no_member_is_recorded_twice(self):
        record.store.check_unique(RUNS)
