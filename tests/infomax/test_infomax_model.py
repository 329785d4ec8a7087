"""The whole objective: which term moves what, what it adds up to, and training that resumes."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ibutils import data, train
from ibutils.infomax import (
    DeepInfoMax,
    Terms,
    infomax_loss,
    local_scores,
    occlude,
    occlusion_masks,
    recipe,
)
from ibutils.nets.encoders import ConvolutionalEncoder, basic32

close = torch.testing.assert_close
ALL = Terms(alpha=0.5, beta=2.0, gamma=0.25, coordinates=3.0, occlusion=True)


def build(terms, *, seed=0):
    g = train.generator(seed, "weights")
    encoder = basic32(channels=1 / 16, code=8, generator=g)
    return DeepInfoMax(encoder, terms, units=16, global_units=16, generator=g)


def batch(model, n=6, seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(n, 3, 32, 32, generator=g), torch.zeros(n), model.draw_noise(n, generator=g)


def moved(model, term):
    """Return the parts of a model that have a gradient from a term."""
    model.zero_grad(set_to_none=True)
    term.backward(retain_graph=True)
    parts = {**dict(model.named_children()), **dict(model.encoder.named_children())}
    del parts["encoder"]
    return {
        name for name, part in parts.items() if any(p.grad is not None for p in part.parameters())
    }


class TestTerms:
    def test_add_up(self):
        model = build(ALL)
        terms = model.objective(*batch(model))
        weights = {"local": 2.0, "global": 0.5, "prior": 0.25, "discriminator": 1.0}
        weights |= {"absolute": 3.0, "relative": 3.0}
        close(terms["loss"], sum(w * terms[name] for name, w in weights.items()))
        assert set(terms) == {"loss", *weights}

    def test_move_their_own_networks(self):
        model = build(ALL)
        terms = model.objective(*batch(model))
        to_y = {"to_local", "to_conv", "to_fc", "to_code"}
        assert moved(model, terms["local"]) == to_y | {"local_head"}
        assert moved(model, terms["global"]) == to_y | {"global_head"}
        assert moved(model, terms["prior"]) == to_y
        assert moved(model, terms["discriminator"]) == {"matching"}
        assert moved(model, terms["absolute"]) == to_y | {"coordinates"}

    @pytest.mark.parametrize("bound", ["donsker_varadhan", "jensen_shannon", "info_nce"])
    def test_local_and_global_are_the_losses_of_their_scores(self, bound):
        model = build(Terms(bound, alpha=1.0, gamma=0.0))
        images, labels, noise = batch(model)
        terms = model.objective(images, labels, noise)
        features = model(images)
        embeddings = model.local_head(features.local, features.y)
        close(terms["local"], infomax_loss(local_scores(*embeddings), bound=bound))
        scores = model.global_head(features.conv, features.y)
        close(terms["global"], infomax_loss(scores, bound=bound))

    @pytest.mark.parametrize("head", ["dot", "concatenate"])
    def test_all_negatives_chosen_are_all_negatives(self, head):
        for bound in ("donsker_varadhan", "jensen_shannon", "info_nce"):
            chosen = build(Terms(bound, alpha=1.0, gamma=0.0, negatives=5, head=head))
            whole = build(Terms(bound, alpha=1.0, gamma=0.0, head=head))
            images, labels, noise = batch(chosen)
            one = chosen.objective(images, labels, noise)
            two = whole.objective(images, labels, noise[:, :2])
            for name, term in one.items():
                close(term, two[name])

    def test_few_negatives_are_fewer(self):
        model = build(Terms("info_nce", negatives=1))
        whole = build(Terms("info_nce"))
        few = model.objective(*batch(model))["local"]
        assert bool(few < whole.objective(*batch(whole))["local"])

    def test_a_smaller_last_batch_has_as_many_as_there_are(self):
        model, whole = build(Terms(gamma=0.0, negatives=40)), build(Terms(gamma=0.0))
        images, labels, noise = batch(model)
        found = model.objective(images, labels, noise)["loss"]
        close(found, whole.objective(images, labels, noise[:, :2])["loss"])

    def test_without_a_term_there_is_no_network_for_it(self):
        assert {name for name, _ in build(Terms(gamma=0.0)).named_children()} == {
            "encoder",
            "local_head",
        }

    def test_occlusion_changes_the_code_and_not_the_features(self):
        plain, hidden = build(Terms(gamma=0.0)), build(Terms(gamma=0.0, occlusion=True))
        images, labels, noise = batch(plain)
        codes = []
        hidden.local_head.register_forward_pre_hook(lambda _, inputs: codes.append(inputs))
        hidden.objective(images, labels, noise)
        features = plain(images)
        close(codes[0][0], features.local)
        assert bool((codes[0][1] - features.y).abs().max() > 1e-3)

    @pytest.mark.parametrize("bound", ["donsker_varadhan", "jensen_shannon", "info_nce"])
    def test_all_terms_read_the_code_of_the_occluded_image(self, bound):
        model = build(replace(ALL, bound=bound))
        images, labels, noise = batch(model)
        terms = model.objective(images, labels, noise)
        features = model(images)
        y = model(occlude(images, occlusion_masks(noise[:, 0], size=32, block=10))).y
        _, side, _ = model.encoder.local_shape
        source = (noise[:, 1] * side**2).long()
        prior, discriminator = model.matching(y, noise[:, 2:])
        local = local_scores(*model.local_head(features.local, y))
        expected = {
            "local": infomax_loss(local, bound=bound),
            "global": infomax_loss(model.global_head(features.conv, y), bound=bound),
            "prior": prior,
            "discriminator": discriminator,
            "absolute": model.coordinates["absolute"](features.local, y),
            "relative": model.coordinates["relative"](features.local, y, source),
        }
        for name, term in expected.items():
            close(terms[name], term)


class TestBadInput:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"bound": "mine"},
            {"prior": "sphere"},
            {"head": "bilinear"},
            {"alpha": -1.0},
            {"gamma": math.nan},
            {"negatives": 0},
        ],
    )
    def test_refuses_unknown_terms(self, wrong):
        ((name, value),) = wrong.items()
        with pytest.raises(ValueError, match=f"{name} must .* got {value!r}"):
            Terms(**wrong)

    def test_refuses_a_model_without_terms(self):
        with pytest.raises(ValueError, match="at least one weight must be positive"):
            Terms(alpha=0.0, beta=0.0, gamma=0.0)

    @pytest.mark.parametrize(
        ("image", "terms", "message"),
        [
            ((3, 8, 12), Terms(occlusion=True), r"square images, .* got \(3, 8, 12\)"),
            ((3, 3, 3), Terms(occlusion=True), r"of at least 4 pixels a side, .* got \(3, 3, 3\)"),
            ((3, 8, 12), Terms(coordinates=1.0), r"a square map .*, got \(2, 8, 12\)"),
        ],
    )
    def test_refuses_an_encoder_that_a_term_cannot_do_with(self, image, terms, message):
        to_local = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU())
        encoder = ConvolutionalEncoder(image, to_local, nn.Identity(), hidden=[4], code=2)
        DeepInfoMax(encoder, Terms(), units=4)
        with pytest.raises(ValueError, match=f"encoder must .*{message}"):
            DeepInfoMax(encoder, terms, units=4)

    def test_refuses_a_batch_of_one(self):
        model = build(Terms())
        with pytest.raises(ValueError, match=r"inputs must be of 2 images at least.* n=1"):
            model.objective(*batch(model, n=1))


def digits(n=96):
    found = data.load("digits", split="train")
    images = F.interpolate(found.floats()[:n], size=(32, 32)).expand(-1, 3, -1, -1)
    return images, found.labels[:n]


def fit(model, epochs, checkpoint=None, **options):
    own = recipe(epochs, batch_size=32, learning_rate=1e-3, **options)
    learner = train.Learner(model, own)
    history = train.fit(learner, *digits(), seeds=[3], checkpoint=checkpoint)
    return learner, history


def equal(one, two):
    return all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


class TestTraining:
    @pytest.mark.parametrize("bound", ["donsker_varadhan", "jensen_shannon", "info_nce"])
    def test_lowers_the_loss(self, bound):
        _, history = fit(build(Terms(bound, gamma=0.0)), 4)
        assert float(history["local"][-1]) < float(history["local"][0]) - 0.1

    def test_resumes_bit_identical_with_its_statistics(self, tmp_path):
        whole, history = fit(build(ALL), 2)
        fit(build(ALL), 1, tmp_path / "part.pt")
        again, resumed = fit(build(ALL, seed=9), 2, tmp_path / "part.pt")
        states = [learner.model.state_dict() for learner in (whole, again)]
        assert equal(*(state.values() for state in states))
        assert equal(history.values(), resumed.values())

    def test_the_result_is_frozen_and_evaluates(self):
        learner, _ = fit(build(Terms()), 1)
        model = learner.averaged()
        assert not model.training and not any(p.requires_grad for p in model.parameters())
        images, _ = digits(4)
        once, twice = model(images).y, model(images).y
        assert torch.equal(once, twice)
        norms = [m for m in learner.model.modules() if isinstance(m, nn.BatchNorm2d)]
        assert all(int(norm.num_batches_tracked) == 3 for norm in norms)

    def test_mixed_precision_ends_near_single(self):
        ends = [
            fit(build(Terms()), 2, precision=p)[1]["local"][-1] for p in ("float32", "bfloat16")
        ]
        close(*ends, rtol=0.05, atol=0.05)

    @pytest.mark.parametrize("prior", ["uniform", "gaussian"])
    def test_a_model_in_double_precision_trains(self, prior):
        model, (images, labels) = build(replace(ALL, prior=prior)).double(), digits(32)
        learner = train.Learner(model, recipe(1, batch_size=16))
        history = train.fit(learner, images.double(), labels, seeds=[0])
        assert {term.dtype for term in history.values()} == {torch.float64}

    @pytest.mark.gpu
    def test_on_a_gpu(self):
        model = build(ALL).cuda()
        images, labels = (t.cuda() for t in digits())
        learner = train.Learner(model, recipe(2, batch_size=32, precision="bfloat16"))
        history = train.fit(learner, images, labels, seeds=[0])
        assert bool(history["loss"].isfinite().all())
