"""What is legal of a corruption that is wrong elsewhere, declared with its reason."""

from fnmatch import fnmatch

# Losses, bounds and networks, used inside a training step: to read the values of their tensors
# would make a GPU wait at each step, and torch.compile and vmap cannot branch on them. There NaN
# goes in and comes out.
VALUES_UNREAD = (
    "*.forward",
    "*.objective",
    "*.embed",
    "*.pairs",
    "*.of_pairs",
    "*.Classifier.log_predictive",
    "*.GaussianCode.*",
    "*.Learner.step",
    "*.Whitening.__call__",
    "*_gaussian_kl",
    "*_loss",
    "*_losses",
    "ibutils.bounds.*",
    "ibutils.infomax.blocks.*",
    "ibutils.infomax.losses.*",
    "ibutils.infomax.occlusion.*",
    "ibutils.information_dropout.noise.*",
    "ibutils.prior_matching.*",
    "*.expected_log_sum_exp",
    "*.log_mean_exp",
    "*.log_softplus",
    "*.standard_normal_kl",
    "*.squared_error",
)

# Arguments that a function takes for the sake of a common signature and does not use.
UNUSED = (
    "*.AAE.objective.labels",
    "*.Autoencoder.objective.[ln]*",
    "*.BiGAN.objective.labels",
    "*.CPC.objective.[ln]*",
    "*.Classifier.*.noise",
    "*.DeepInfoMax.objective.labels",
    "*.Dependency.objective.labels",
    "*.Mine.objective.noise",
    "*.NoiseAsTargets.objective.noise",
    "*.SeveralGlobals.objective.[ln]*",
    "*.VAE.objective.labels",
    "*.VariationalAutoencoder.objective.labels",
)

# Labels that any integer may be.
ANY_INTEGER: tuple[str, ...] = ("ibutils.estimators.*.labels", "ibutils.information_plane.plane.*")

# Words that are only shown, or from which a stream of random numbers is drawn.
ANY_STRING = (
    "*.Images.checksum",
    "*.Images.name",
    "*.Images.split",
    "ibutils.tasks.*.name",
    "ibutils.train.stream.generator.stream",
)

# Corruptions that are legal for an argument, "*" for an argument of that name anywhere.
LEGAL: dict[str, tuple[str, ...]] = {
    "*.dim": ("-1", "0"),  # counted from the end
    "*.seed": ("-1", "0"),  # any integer
    "*.padding": ("0",),
    "*.sign": ("-1",),
    "*.hidden": ("nothing in it",),  # a linear network
    "*.milestones": ("nothing in it",),  # a constant learning rate
    "ibutils.probes.*.labels": ("label below 0", "label too large"),  # any names of classes
    "ibutils.probes.*_y": ("label below 0", "label too large"),
    "*.Classifier.*.inputs": ("one axis more", "one axis fewer"),  # what the network takes
    "*.Autoencoder.objective.inputs": ("one row fewer",),  # labels and noise are not used
    "*.CPC.objective.inputs": ("one row fewer",),
    "*.SeveralGlobals.objective.inputs": ("one row fewer",),
    "*.Dependency.objective.noise": ("NaN entry",),  # only its order counts
    "*.DropoutClassifier.forward.noise": ("NaN entry",),  # only compared
    "*.FineTuned.objective.noise": ("NaN entry",),
    "*.Probe.forward.noise": ("NaN entry",),
    "ibutils.data.images.Images.labels": ("label below 0", "label too large"),  # -1: unlabelled
    "ibutils.data.composed.cluttered.distractors": ("0",),
    "ibutils.data.celeba.attributes.labels": ("label too large",),  # any forty bits
    "ibutils.tasks.elliptical.sparse_normal.pairs": ("0",),  # independent
    "ibutils.tasks.transforms.Transform.added": ("0",),
    "ibutils.evaluation.error_rate.log_probabilities": ("infinite entry",),
    "ibutils.information.discrete.kl_divergence.*": ("one row",),  # they broadcast
    "*.nats_to_bits.nats": (
        *("NaN", "*infinity", "NaN entry", "infinite entry", "array"),
        "number of *",  # returned in the type it came in
    ),
    "*.log_normal_kl.prior_mean": ("huge",),  # infinitely far, in single precision
    "*.warm_up*.epoch*": ("0",),
    "*.check_priors.epoch": ("0",),
    "*.fit.callbacks": ("nothing in it",),
    "*.fit.save_at": ("list",),  # of epochs
    "*.Looks.labels": ("label below 0", "label too large"),  # the learner knows the classes
    "*.StackedLearner.train": ("label too large",),  # the learner is not told of the data
    "ibutils.nets.encoders.scaled.widths": ("nothing in it",),
    "*.full_gaussian_kl.below": ("NaN entry",),  # may lie where nothing is read
    "reproduce.record.*.target": ("unknown word",),  # nothing is recorded of it
    "reproduce.record.store.runs.notebook": ("unknown word",),  # nothing is recorded of it
    "reproduce.record.integrity.key.member": ("nothing in it", "None in it"),
    "reproduce.record.run.Run.*.members": ("nothing in it",),
    "reproduce.record.run.Run.extend.finished": ("nothing in it",),
    "reproduce.record.run.Run.settings": ("nothing in it", "None in it"),
    "reproduce.claims.evidence.difference.second": ("one row fewer",),
    "reproduce.claims.pooled.superiority.*": ("nothing in it",),
    "reproduce.claims.verdict.verdict.tables": ("nothing in it",),
    "reproduce.claims.association.*.cluster": ("strings",),
    "reproduce.claims.association.*.within": ("strings",),
}


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Say whether a name is one of the patterns."""
    return any(fnmatch(name, pattern) for pattern in patterns)
