"""The training loop against hand-written twins: steps, schedule, averages, resume, failure."""

import math
import re

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ibutils.baselines import Classifier, DropoutClassifier
from ibutils.ensemble import Ensemble
from ibutils.evaluation import evaluate
from ibutils.nets import linear, perceptron
from ibutils.train import (
    Learner,
    Recipe,
    Stream,
    Trainable,
    adam,
    fit,
    generator,
    staircase,
)
from ibutils.train.checkpoint import read, write
from ibutils.vib import VIB, StochasticEncoder

STANDARD_ERRORS = 4  # a stochastic test fails for 6 in 100,000 seeds, and seeds are fixed


def settings(epochs, rate=1e-4, *, decay=0.97, every=2, batch_size=100, averaging=0.999):
    """Return a recipe with a staircase and an average."""
    rule, fall = adam(rate, momentum=0.5), staircase(decay, every=every)
    return Recipe(epochs, rule, fall, batch_size=batch_size, averaging=averaging)


def data(count=50, size=6, classes=3, dtype=torch.float32):
    """Return inputs and labels that a classifier can learn."""
    g = torch.Generator().manual_seed(1)
    inputs = torch.randn(count, size, generator=g, dtype=dtype)
    return inputs, inputs[:, :classes].argmax(dim=-1)


def vib(seed=0, *, beta=1e-2):
    """Return a small VIB with seeded weights."""
    g = generator(seed, "weights")
    encoder = StochasticEncoder(perceptron([6, 8, 4], generator=g), bottleneck=2)
    return VIB(encoder, linear(2, 3, generator=g), beta=beta)


def dropout(seed=0):
    """Return a small classifier with dropout."""
    return DropoutClassifier(perceptron([6, 8, 3], generator=generator(seed, "weights")), rate=0.5)


def plain(seed=0):
    """Return a small deterministic classifier."""
    return Classifier(perceptron([6, 8, 3], generator=generator(seed, "weights")))


def snapshot(learner):
    """Return a copy of everything that a step changes, as one list of tensors."""
    moments = [
        value.detach().clone()
        for state in learner.optimizer.state.values()
        for value in state.values()
    ]
    weights = [p.detach().clone() for p in [*learner.parameters, *learner.average]]
    return [*weights, *moments, torch.tensor(learner.schedule.get_last_lr())]


def identical(left, right):
    """Return whether two lists of tensors agree in every bit."""
    return len(left) == len(right) and all(map(torch.equal, left, right))


class Scalar(Trainable):
    """A model with one weight, whose loss is set from outside: ``weight * slope(step)``."""

    def __init__(self, slope=lambda step: 1.0):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(2.0, dtype=torch.float64))
        self.slope, self.steps, self.seen = slope, 0, []

    def draw_noise(self, batch, *, generator):
        return torch.rand(batch, generator=generator)

    def objective(self, inputs, labels, noise):
        self.seen.append(inputs)
        loss = self.weight * self.slope(self.steps)
        self.steps += 1
        return {"loss": loss, "mean_input": inputs.mean()}


class Interrupted(Learner):
    """A learner whose process ends before a given step."""

    def __init__(self, model, recipe, *, end):
        super().__init__(model, recipe)
        self.left = end

    def step(self, *batch):
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        return super().step(*batch)


class TestStep:
    def test_training_is_the_hand_written_loop(self):
        """Adam without fusion, an explicit average and schedule: equal in double precision."""
        inputs, labels = data(dtype=torch.float64)
        recipe = settings(5, 1e-2, batch_size=16, decay=0.5, averaging=0.9)
        learner, twin = Learner(vib().double(), recipe), vib().double()
        history = fit(learner, inputs, labels, seeds=[3])
        average = [p.detach().clone() for p in twin.parameters()]
        optimizer = torch.optim.Adam(
            twin.parameters(), lr=1e-2, betas=(0.5, 0.999), fused=False, foreach=False
        )
        order, noise = generator(3, "order"), generator(3, "noise")
        for epoch in range(recipe.epochs):
            optimizer.param_groups[0]["lr"] = 1e-2 * 0.5 ** (epoch // 2)
            losses = []
            for index in torch.randperm(len(inputs), generator=order).split(16):
                mean, raw = twin.encoder.network(inputs[index]).chunk(2, dim=-1)
                scale = F.softplus(raw - 5)
                epsilon = torch.randn(len(index), 2, generator=noise, dtype=torch.float64)
                logits = twin.decoder(mean + scale * epsilon)
                rate = 0.5 * (mean**2 + scale**2 - 1 - 2 * scale.log()).sum(dim=-1).mean()
                loss = F.cross_entropy(logits, labels[index]) + twin.beta * rate
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                for kept, p in zip(average, twin.parameters(), strict=True):
                    kept.mul_(0.9).add_(p.detach(), alpha=0.1)
                losses.append(loss.item())
            torch.testing.assert_close(
                history["loss"][epoch].item(), math.fsum(losses) / len(losses), rtol=1e-12, atol=0
            )
        for ours, theirs in zip(learner.parameters, twin.parameters(), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
        for ours, kept in zip(learner.average, average, strict=True):
            torch.testing.assert_close(ours, kept, rtol=1e-10, atol=1e-12)

    def test_a_step_returns_what_it_lowered(self):
        inputs, labels = data()
        learner = Learner(vib(), settings(1))
        noise = torch.zeros(len(inputs), 2)
        with torch.no_grad():
            before = learner.model.objective(inputs, labels, noise)
        terms = learner.step(inputs, labels, noise)
        with torch.no_grad():
            after = learner.model.objective(inputs, labels, noise)
        assert terms == before
        assert after["loss"] < before["loss"]
        assert not any(term.requires_grad for term in terms.values())


class TestContext:
    recipe = settings(2, batch_size=16)

    def test_training_needs_no_context_and_leaves_its_inputs(self):
        inputs, labels = data()
        expected = fit(Learner(vib(), self.recipe), inputs, labels, seeds=[0])
        held, weight = inputs.clone(), torch.ones(6, requires_grad=True)
        with torch.no_grad():
            found = fit(Learner(vib(), self.recipe), inputs, labels, seeds=[0])
        assert torch.equal(found["loss"], expected["loss"])
        computed = fit(Learner(vib(), self.recipe), inputs * weight, labels, seeds=[0])
        assert torch.equal(computed["loss"], expected["loss"])
        assert torch.equal(inputs, held) and weight.grad is None

    def test_a_default_of_double_precision_changes_no_type(self):
        inputs, labels = data(dtype=torch.float64)
        torch.set_default_dtype(torch.float64)
        try:
            model = vib()
            history = fit(Learner(model, self.recipe), inputs, labels, seeds=[0])
        finally:
            torch.set_default_dtype(torch.float32)
        assert {x.dtype for x in (*history.values(), *model.state_dict().values())} == {
            torch.float64
        }


class Returning(Trainable):
    """A model whose objective is a given function of the squared errors."""

    def __init__(self, terms):
        super().__init__()
        self.layer, self.terms = torch.nn.Linear(6, 1), terms

    def objective(self, inputs, labels, noise):
        return self.terms((self.layer(inputs)[:, 0] - labels).square())


class TestTerms:
    @pytest.mark.parametrize(
        ("terms", "error", "message"),
        [
            (lambda e: {"loss": e}, ValueError, r"'loss' .* one number .* of shape \(10,\)"),
            (lambda e: {"loss": e.mean(), "each": e}, ValueError, "'each' of objective .* mean"),
            (lambda e: {"loss": e.mean(), "n": 1.0}, TypeError, "'n' of objective .* float: 1.0"),
            (lambda e: {"error": e.mean()}, ValueError, r"a 'loss' .* got the terms \['error'\]"),
            (lambda e: {"loss": e.mean().detach()}, ValueError, "that carries a gradient"),
        ],
    )
    def test_are_one_number_each_with_a_loss(self, terms, error, message):
        learner = Learner(Returning(terms), settings(1, batch_size=10))
        with pytest.raises(error, match=message):
            fit(learner, *data(), seeds=[0])

    def test_of_an_ensemble_are_one_number_a_member(self):
        models = [Returning(lambda e: {"loss": e}) for _ in range(2)]
        models[1].terms = models[0].terms
        with pytest.raises(ValueError, match=r"each of 2 models, .* of shape \(2, 10\)"):
            fit(Ensemble(models, settings(1, batch_size=10)), *data(), seeds=[0, 1])


class TestChangedModels:
    def replaced(model):
        model.network[2] = torch.nn.Linear(8, 3)

    def frozen(model):
        model.network[0].requires_grad_(False)

    @pytest.mark.parametrize("change", [replaced, frozen])
    def test_want_a_new_learner(self, change):
        model = plain()
        learner = Learner(model, settings(1))
        change(model)
        with pytest.raises(ValueError, match="made after the last change of its model"):
            fit(learner, *data(), seeds=[0])
        fit(Learner(model, settings(1)), *data(), seeds=[0])

    def test_that_are_unfrozen_want_a_new_learner(self):
        model = plain()
        model.network[0].requires_grad_(False)
        learner = Learner(model, settings(1))
        model.requires_grad_(True)
        with pytest.raises(ValueError, match="frozen or unfrozen since"):
            fit(learner, *data(), seeds=[0])


class TestMode:
    @pytest.mark.parametrize("together", [False, True])
    def test_each_epoch_trains_in_training_mode(self, together):
        modes = []

        class Watched(Classifier):
            def objective(self, *batch):
                modes.append(self.training)
                return super().objective(*batch)

        model, recipe = Watched(perceptron([6, 8, 3])).eval(), settings(3)
        learner = Ensemble([model], recipe) if together else Learner(model, recipe)
        fit(learner, *data(), seeds=[0], callbacks=[lambda learner, _: learner.model.eval()])
        assert modes == 3 * [True]

    def test_a_part_that_is_held_in_evaluation_mode_stays_so(self):
        model = plain()
        model.network[0].eval()
        fit(Learner(model, settings(1)), *data(), seeds=[0])
        assert model.training and not model.network[0].training


class TestSchedule:
    def rates(self, recipe):
        """Return the learning rate at each step of a training on one example."""
        rates = []

        class Noting(Learner):
            def step(self, *batch):
                rates.append(self.optimizer.param_groups[0]["lr"])
                return super().step(*batch)

        fit(Noting(Scalar(), recipe), torch.zeros(1), torch.zeros(1), seeds=[0])
        return rates

    @pytest.mark.parametrize("every", [1, 2, 3])
    def test_is_a_staircase(self, every):
        rates = self.rates(settings(10, 0.1, decay=0.5, every=every))
        assert rates == pytest.approx([0.1 * 0.5 ** (e // every) for e in range(10)], rel=1e-12)

    def test_ends_where_the_paper_ends(self):
        """Deep VIB: 1e-4 times 0.97 to the power 99 in the last two of 200 epochs."""
        rates = self.rates(settings(200))
        assert rates[0] == rates[1] == 1e-4
        assert rates[-1] == rates[-2] == pytest.approx(4.90e-6, rel=1e-3)
        assert rates[-3] > rates[-2]


class TestAverage:
    @pytest.mark.parametrize("averaging", [0.0, 0.5, 0.999])
    def test_is_the_geometric_mixture_of_all_iterates(self, averaging):
        learner = Learner(Scalar(lambda step: math.cos(step)), settings(1, averaging=averaging))
        iterates = [float(learner.model.weight.detach())]
        for _ in range(20):
            learner.step(torch.zeros(1), torch.zeros(1), torch.zeros(1))
            iterates.append(float(learner.model.weight.detach()))
        weights = [(1 - averaging) * averaging ** (20 - s) for s in range(1, 21)]
        closed = averaging**20 * iterates[0] + math.fsum(
            w * x for w, x in zip(weights, iterates[1:], strict=True)
        )
        assert float(learner.average[0]) == pytest.approx(closed, rel=1e-12)

    @pytest.mark.parametrize("together", [False, True])
    def test_an_average_that_is_hardly_trained_is_said(self, together, tmp_path):
        """Twenty steps at 0.999: 98 percent of the average are the initial weights."""
        for _ in ("trained", "resumed"):
            learner = Ensemble([vib()], settings(20)) if together else Learner(vib(), settings(20))
            fit(learner, *data(), seeds=[0], checkpoint=tmp_path / "a.pt")
            with pytest.warns(UserWarning, match="still 98% the initial ones: .* than 0.999"):
                learner.averaged()
            assert learner.initial_share == pytest.approx(0.999**20)

    def test_averaged_model_is_a_copy_with_its_buffers(self):
        inputs, labels = data()
        learner = Learner(vib(beta=0.3), settings(2, 0.1, averaging=0.2))
        fit(learner, inputs, labels, seeds=[0])
        trained, model = snapshot(learner), learner.averaged()
        assert identical(list(model.parameters()), learner.average)
        assert not identical(list(model.parameters()), learner.parameters)
        assert torch.equal(model.beta, learner.model.beta)
        assert not any(p.requires_grad for p in model.parameters()) and not model.training
        for p in model.parameters():
            p.zero_()
        assert identical(snapshot(learner), trained)

    def test_of_a_model_that_is_moved_once_its_learner_is_made(self):
        """As to a GPU: its weights are then other tensors than they were."""
        inputs, labels = data()
        learner = Learner(vib(), settings(2, 0.1, averaging=0.0))
        learner.model.double()
        fit(learner, inputs.double(), labels, seeds=[0])
        assert identical([*learner.averaged().parameters()], [*learner.model.parameters()])

    def test_averaged_dropout_model_predicts_with_the_averages(self):
        """Its forward goes through a plain list of layers, which the copy must not share."""
        inputs, labels = data()
        learner = Learner(dropout(), settings(2, 0.1, averaging=0.2))
        fit(learner, inputs, labels, seeds=[0])
        model = learner.averaged()
        everything = torch.zeros(len(inputs), 8)
        torch.testing.assert_close(model(inputs, everything), self.masked(model, inputs))

    def masked(self, model, inputs):
        first, _, last = model.network
        return last(first(inputs).relu() / model.keep)


class TestStreams:
    @pytest.mark.parametrize("count, batch", [(103, 10), (100, 10), (5, 10)])
    def test_every_index_is_used_once_an_epoch(self, count, batch):
        stream, own = Stream(0), dict(count=count, batch_size=batch)
        epochs = [[index for index, _ in stream.epoch(Scalar(), **own)] for _ in range(3)]
        for batches in epochs:
            assert sorted(torch.cat(batches).tolist()) == list(range(count))
            assert all(len(index) == batch for index in batches[:-1])
        assert not torch.equal(torch.cat(epochs[0]), torch.cat(epochs[1]))

    def test_fit_shows_the_model_every_example_once_an_epoch(self):
        model, recipe = Scalar(), settings(3, batch_size=4)
        fit(Learner(model, recipe), torch.arange(10.0), torch.zeros(10), seeds=[0])
        assert len(model.seen) == 9  # two whole batches and a smaller one, three times
        for epoch in range(3):
            shown = torch.cat(model.seen[3 * epoch : 3 * epoch + 3])
            assert sorted(shown.tolist()) == list(range(10))

    def test_inputs_stay_with_their_labels_and_noise(self):
        """The batch of a step is the one that the streams of the seed prescribe."""
        inputs, labels = torch.arange(10.0), torch.arange(10) * 2
        learner = Learner(Scalar(), settings(1, batch_size=4))
        for index, noise in Stream(5).epoch(learner.model, count=10, batch_size=4):
            x, y, n = learner.gather(inputs, labels, [(index, noise)])
            assert torch.equal(x * 2, y.float()) and torch.equal(n, noise)

    def test_streams_and_seeds_are_uncorrelated(self):
        """The correlation of n pairs of uniforms has standard error 1 / sqrt(n)."""
        names = [(0, "weights"), (0, "order"), (0, "noise"), (0, "evaluation"), (1, "noise")]
        n = 10_000
        draws = torch.stack([torch.rand(n, generator=generator(*name)) for name in names])
        off_diagonal = torch.corrcoef(draws) - torch.eye(len(names))
        assert float(off_diagonal.abs().max()) < STANDARD_ERRORS / math.sqrt(n)

    def test_a_stream_does_not_depend_on_the_use_of_another(self):
        alone = torch.rand(5, generator=generator(0, "noise"))
        order, noise = generator(0, "order"), generator(0, "noise")
        torch.randperm(1000, generator=order)
        assert torch.equal(torch.rand(5, generator=noise), alone)

    def test_no_global_state_is_used(self):
        # Python's own state is left out: the run-time checks of types draw from it
        torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
        inputs, labels = data()
        for model in (vib(), dropout(), plain()):
            learner = Learner(model, settings(2, averaging=0.2))
            fit(learner, inputs, labels, seeds=[0])
            g = generator(0, "evaluation")
            evaluate(learner.averaged(), inputs, labels, samples=3, generator=g)
        assert torch.equal(torch.get_rng_state(), torch_state)
        np.testing.assert_equal(np.random.get_state(), numpy_state)  # noqa: NPY002

    @pytest.mark.parametrize("build", [vib, dropout, plain])
    def test_same_seed_same_bits(self, build):
        inputs, labels = data()

        def run(seed):
            learner = Learner(build(), settings(3, 1e-2))
            history = fit(learner, inputs, labels, seeds=[seed])
            return [*snapshot(learner), *history.values()]

        assert identical(run(0), run(0))
        assert not identical(run(0), run(1))


class TestResume:
    recipe = settings(4, 1e-2, batch_size=20, averaging=0.9, decay=0.5)
    steps = 3  # an epoch: 20, 20 and 10 examples

    @pytest.mark.parametrize("build", [vib, dropout])
    def test_is_bit_identical_wherever_it_is_interrupted(self, build, tmp_path):
        inputs, labels = data()
        undisturbed = Learner(build(), self.recipe)
        history = fit(undisturbed, inputs, labels, seeds=[7])
        for end in range(self.steps * self.recipe.epochs):
            checkpoint = tmp_path / f"{end}.pt"
            with pytest.raises(KeyboardInterrupt):
                first = Interrupted(build(), self.recipe, end=end)
                fit(first, inputs, labels, seeds=[7], checkpoint=checkpoint)
            assert checkpoint.exists() == (end >= self.steps)
            # other weights: what goes on is the checkpoint, not the model that is passed
            second = Learner(build(seed=1 if checkpoint.exists() else 0), self.recipe)
            resumed = fit(second, inputs, labels, seeds=[7], checkpoint=checkpoint)
            assert identical(snapshot(second), snapshot(undisturbed))
            assert identical(list(resumed.values()), list(history.values()))
            assert list(resumed) == list(history)

    def test_only_the_missing_epochs_are_trained(self, tmp_path):
        inputs, labels = data()
        end = 2 * self.steps + 1
        with pytest.raises(KeyboardInterrupt):
            first = Interrupted(vib(), self.recipe, end=end)
            fit(first, inputs, labels, seeds=[7], checkpoint=tmp_path / "a.pt")
        second = Interrupted(vib(), self.recipe, end=2 * self.steps)
        fit(second, inputs, labels, seeds=[7], checkpoint=tmp_path / "a.pt")
        assert second.left == 0

    def test_a_finished_training_is_not_repeated(self, tmp_path):
        inputs, labels = data()
        learner = Learner(vib(), self.recipe)
        history = fit(learner, inputs, labels, seeds=[7], checkpoint=tmp_path / "a.pt")
        again = Interrupted(vib(seed=1), self.recipe, end=0)
        repeated = fit(again, inputs, labels, seeds=[7], checkpoint=tmp_path / "a.pt")
        assert identical(snapshot(again), snapshot(learner))
        assert identical(list(repeated.values()), list(history.values()))

    def test_a_checkpoint_changes_nothing(self, tmp_path):
        inputs, labels = data()
        with_file, without = Learner(vib(), self.recipe), Learner(vib(), self.recipe)
        fit(with_file, inputs, labels, seeds=[7], checkpoint=tmp_path / "new" / "a.pt")
        fit(without, inputs, labels, seeds=[7])
        assert identical(snapshot(with_file), snapshot(without))
        assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.pt"]


class TestGlobalGenerators:
    """A network of torch's own layers draws from the generators of torch itself."""

    recipe = settings(3, 1e-2, batch_size=20)

    def trained(self, seed=7, *, end=-1, checkpoint=None):
        network = perceptron([6, 8, 3], generator=generator(0, "weights"))
        learner = Interrupted(
            Classifier(torch.nn.Sequential(torch.nn.Dropout(), network)), self.recipe, end=end
        )
        fit(learner, *data(), seeds=[seed], checkpoint=checkpoint)
        return snapshot(learner)

    def test_their_draws_follow_from_the_seed_and_they_stay_as_they_were(self):
        torch.manual_seed(0)
        before, first = torch.get_rng_state(), self.trained()
        assert torch.equal(torch.get_rng_state(), before)
        torch.manual_seed(1)
        assert identical(first, self.trained()) and not identical(first, self.trained(8))

    @pytest.mark.parametrize("older", [False, True])
    def test_resume(self, older, tmp_path):
        """Bit-identical; a checkpoint of before these were kept goes on as it did."""
        path = tmp_path / "a.pt"
        with pytest.raises(KeyboardInterrupt):
            self.trained(end=TestResume.steps, checkpoint=path)
        if older:
            state = read(path)
            del state["globals"]
            write(path, state)
        assert identical(self.trained(checkpoint=path), self.trained()) != older


class TestFailure:
    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_a_loss_that_is_not_finite_stops_and_names_the_place(self, value, tmp_path):
        """Ten examples in batches of 4: the ninth step is step 2 of epoch 2."""
        inputs, labels = torch.zeros(10), torch.zeros(10)
        recipe, checkpoint = settings(5, 0.1, batch_size=4), tmp_path / "a.pt"
        bad = Learner(Scalar(lambda step: value if step == 8 else 1.0), recipe)
        with pytest.raises(FloatingPointError, match=r"step 2 of epoch 2 \(seed 7\)"):
            fit(bad, inputs, labels, seeds=[7], checkpoint=checkpoint)
        kept = read(checkpoint)
        assert len(kept["history"]["loss"]) == 2
        good, resumed = Learner(Scalar(), recipe), Learner(Scalar(), recipe)
        fit(good, inputs, labels, seeds=[7])
        fit(resumed, inputs, labels, seeds=[7], checkpoint=checkpoint)
        assert identical(snapshot(resumed), snapshot(good))

    def test_a_first_epoch_that_fails_leaves_no_checkpoint(self, tmp_path):
        with pytest.raises(FloatingPointError, match="step 0 of epoch 0"):
            fit(
                Learner(Scalar(lambda step: math.nan), settings(2)),
                torch.zeros(1),
                torch.zeros(1),
                seeds=[0],
                checkpoint=tmp_path / "a.pt",
            )
        assert not list(tmp_path.iterdir())

    def test_refuses_numbers_that_disagree(self):
        with pytest.raises(ValueError, match=r"inputs \(3,\) and labels \(2,\) must have one"):
            fit(Learner(Scalar(), settings(1)), torch.zeros(3), torch.zeros(2), seeds=[0])

    @pytest.mark.parametrize("seeds", [[0, 1], []])
    def test_refuses_a_wrong_number_of_seeds(self, seeds):
        with pytest.raises(ValueError, match=rf"of 1 models, got {re.escape(str(seeds))}"):
            fit(Learner(Scalar(), settings(1)), torch.zeros(3), torch.zeros(3), seeds=seeds)

    def test_names_the_terms_of_a_loss_that_is_not_finite(self):
        """A mean of 1e25 has a square beyond single precision, and beta of it is infinite too."""
        model, (inputs, labels) = vib(), data()
        with torch.no_grad():
            model.encoder.network[-1].bias[:2] = 1e25
        message = r"the loss is inf at step 0 of epoch 0 \(seed 5\), rate is inf; training"
        with pytest.raises(FloatingPointError, match=message):
            fit(Learner(model, settings(1)), inputs, labels, seeds=[5])

    def test_refuses_a_model_with_nothing_to_train(self):
        with pytest.raises(ValueError, match="model must have a parameter"):
            Learner(vib().requires_grad_(False), settings(1))

    def test_a_weight_that_is_not_finite_after_a_finite_loss_stops_too(self):
        """The last step of a training has no loss after it that would tell."""
        model = Scalar()
        model.weight = torch.nn.Parameter(torch.ones(2))  # the slope of a root at 0 is infinite

        def objective(*_):
            moved = model.weight - model.weight.detach()
            return {"loss": moved[0].sqrt() + moved[1]}

        model.objective = objective
        with pytest.raises(FloatingPointError, match=r"a weight .* after epoch 0 \(seed 4\)"):
            fit(Learner(model, settings(1)), torch.zeros(1), torch.zeros(1), seeds=[4])


class TestHistory:
    def test_holds_the_mean_of_each_term_over_the_steps_of_an_epoch(self):
        inputs = torch.arange(10.0)
        learner = Learner(Scalar(), settings(3, batch_size=4))
        history = fit(learner, inputs, torch.zeros(10), seeds=[0])
        assert {name: tuple(term.shape) for name, term in history.items()} == {
            "loss": (3, 1),
            "mean_input": (3, 1),
        }
        shown = [batch.mean() for batch in learner.model.seen]
        means = torch.stack(shown).reshape(3, 3).mean(dim=1, keepdim=True)
        torch.testing.assert_close(history["mean_input"], means)

    def test_a_bar_is_shown_on_request_only(self, capsys):
        for progress in (False, True):
            recipe = settings(2)
            learner = Learner(Scalar(), recipe)
            fit(learner, torch.zeros(3), torch.zeros(3), seeds=[0], progress=progress)
            shown = capsys.readouterr().err
            assert ("2/2" in shown) == progress


@pytest.mark.gpu
class TestGPU:
    def test_steps_agree_with_the_cpu(self):
        inputs, labels = data(dtype=torch.float64)
        here = Learner(vib().double(), settings(1, 1e-2))
        there = Learner(vib().double().cuda(), settings(1, 1e-2))
        for noise in torch.randn(20, len(inputs), 2, dtype=torch.float64):
            here.step(inputs, labels, noise)
            there.step(inputs.cuda(), labels.cuda(), noise.cuda())
        for left, right in zip(here.average, there.average, strict=True):
            torch.testing.assert_close(left, right.cpu(), rtol=1e-6, atol=1e-9)

    def test_training_ends_near_the_cpu(self):
        """Batches come in another order there, so the losses agree only loosely."""
        inputs, labels = data(count=1000)
        last = []
        for device in ("cpu", "cuda"):
            learner = Learner(vib().to(device), settings(30, 1e-2))
            history = fit(learner, inputs.to(device), labels.to(device), seeds=[0])
            last.append(float(history["loss"][-1]))
        assert last[1] == pytest.approx(last[0], rel=0.2)

    def test_dropout_follows_from_the_seed_and_leaves_no_trace(self):
        inputs, labels = (tensor.cuda() for tensor in data())
        ends, before = [], torch.cuda.get_rng_state()
        for _ in range(2):
            network = torch.nn.Sequential(torch.nn.Dropout(), plain().network).cuda()
            learner = Learner(Classifier(network), settings(2, 1e-2))
            fit(learner, inputs, labels, seeds=[3])
            ends.append(snapshot(learner))
            assert torch.equal(torch.cuda.get_rng_state(), before)
            torch.rand(1, device="cuda")
            before = torch.cuda.get_rng_state()
        assert identical(*ends)

    def test_resume_is_bit_identical(self, tmp_path):
        inputs, labels = (tensor.cuda() for tensor in data())
        recipe = TestResume.recipe
        undisturbed, resumed = Learner(vib().cuda(), recipe), Learner(vib(1).cuda(), recipe)
        fit(undisturbed, inputs, labels, seeds=[7])
        with pytest.raises(KeyboardInterrupt):
            first = Interrupted(vib().cuda(), recipe, end=2 * TestResume.steps + 1)
            fit(first, inputs, labels, seeds=[7], checkpoint=tmp_path / "a.pt")
        fit(resumed, inputs, labels, seeds=[7], checkpoint=tmp_path / "a.pt")
        assert identical(snapshot(resumed), snapshot(undisturbed))
