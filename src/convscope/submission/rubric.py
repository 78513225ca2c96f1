"""The assignment as a list of criteria: what is asked, whose points rest on it, and how the build is looked at.

A check gives evidence or says what is missing. Whether the evidence is good, a grader decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from convscope.studies import PROFILES, STUDIES, Profile, Study
from convscope.submission import checks_build as whole
from convscope.submission import checks_chapters as shows
from convscope.submission import checks_experiments as experiments
from convscope.submission.artefacts import Absent, Evidence, Part, Report
from convscope.submission.chapters import Build, Chapter, all_on_aws


@dataclass(frozen=True)
class Outcome:
    """What a check found: the evidence, and what is missing; a criterion is present when nothing is."""

    evidence: tuple[Evidence, ...]
    missing: tuple[str, ...]


Check = Callable[[Build], Outcome]
Step = str | Callable[[Build], str]


@dataclass(frozen=True)
class Criterion:
    """One thing that the assignment asks for.

    Parameters
    ----------
    id
        Stable: ``"data-distribution"``.
    statement
        What is asked.
    check
        Looks at the build.
    next_step
        How to get what is missing.
    """

    id: str
    statement: str
    check: Check
    next_step: Step


@dataclass(frozen=True)
class Task:
    """One task of the assignment.

    Parameters
    ----------
    id, title
        ``"1"``, ``"Data"``.
    points
        That rest on its criteria together; the assignment does not divide them further. 0 where it gives none.
    worth
        The same in words.
    criteria
        What it asks for.
    """

    id: str
    title: str
    points: int
    worth: str
    criteria: tuple[Criterion, ...]


def _found(look: Callable[[], Sequence[Part | Evidence]], prefix: str = "") -> Outcome:
    try:
        return Outcome(tuple(found.evidence if isinstance(found, Part) else found for found in look()), ())
    except Absent as absent:
        return Outcome((), (f"{prefix}{str(absent).rstrip('.')}.",))


def _in_each(
    chapters: Callable[[Build], list[Chapter]], check: Callable[[Chapter], Sequence[Part | Evidence]]
) -> Check:
    """Every one of these chapters must have it."""

    def outcome(build: Build) -> Outcome:
        looked = [_found(partial(check, chapter), f"{chapter.title}: ") for chapter in chapters(build)]
        if not looked:
            return Outcome((), ("no study sets a convolutional network beside one without convolution.",))
        return Outcome(
            tuple(dict.fromkeys(evidence for found in looked for evidence in found.evidence)),
            tuple(reason for found in looked for reason in found.missing),
        )

    return outcome


def _in_comparisons(check: Callable[[Chapter], Sequence[Part | Evidence]]) -> Check:
    return _in_each(lambda build: build.comparisons, check)


def _in_experiments(check: Callable[[Chapter], Sequence[Part | Evidence]]) -> Check:
    return _in_each(lambda build: build.experimental, check)


def _in_some(check: Callable[[Chapter], Sequence[Part | Evidence]]) -> Check:
    """One chapter of any study is enough; all that have it are named."""

    def outcome(build: Build) -> Outcome:
        looked = [_found(partial(check, chapter)) for chapter in build.chapters]
        evidence = tuple(evidence for found in looked for evidence in found.evidence)
        reasons = dict.fromkeys(reason for found in looked for reason in found.missing)
        return Outcome(evidence, () if evidence else tuple(reasons) or ("no study was run.",))

    return outcome


def _in_report(check: Callable[[Report], list[Part]]) -> Check:
    return lambda build: _found(lambda: check(build.report))


def _in_build(check: Callable[[Build], list[Evidence]]) -> Check:
    return lambda build: _found(lambda: check(build))


def _run_a_study_with(factor: str) -> Callable[[Build], str]:
    """Say which studies vary a factor, and in which profiles."""

    def provides(study: Study, profile: Profile) -> bool:
        return profile in study.budgets and any(
            experiment.factor == factor
            and experiments.takes_all(factor, (study.variant(variant).model for variant in experiment.variants))
            for experiment in study.experiments_in(profile)
        )

    def step(_: Build) -> str:
        every = {name: [p for p in PROFILES if provides(study, p)] for name, study in STUDIES.items()}
        names = {name: profiles for name, profiles in every.items() if profiles}
        listed = "; ".join(f"`{name}` (profiles {', '.join(profiles)})" for name, profiles in names.items())
        return f'Run a study that varies it, by `make all STUDIES="…" PROFILE=…`: {listed}.'

    return step


_CHAPTER = "The template `report/_study.qmd` writes it: do not replace its block, or show the same in your own."
_DECISION = "Add a `Decision` with its reason to the study (`decisions=`)."
_ESSAY = "It is part of `report/_essay.qmd`, which `report/report.qmd` includes."
_SEEDS = "Raise `seeds` in the study's budget, or use `PROFILE=full`."
_DEPLOY = "`make deploy` trains, deploys, asks and tears down, and writes the evidence."


def _because(choice: str, statement: str) -> Criterion:
    check = _in_comparisons(shows.justified(choice))
    return Criterion(f"network-{choice}", f"Why this choice: {statement}", check, _DECISION)


def _varied(factor: str, statement: str) -> Criterion:
    check = _in_some(experiments.varied(factor))
    return Criterion(f"experiment-{factor}", statement, check, _run_a_study_with(factor))


def _chapter(
    criterion: str, statement: str, check: Callable[[Chapter], list[Part]], step: Step = _CHAPTER
) -> Criterion:
    return Criterion(criterion, statement, _in_comparisons(check), step)


def _essay(criterion: str, statement: str, check: Callable[[Report], list[Part]], step: Step = _ESSAY) -> Criterion:
    return Criterion(criterion, statement, _in_report(check), step)


def _deployment(
    criterion: str, statement: str, what: str, shows: Callable[..., bool], step: Step = _DEPLOY
) -> Criterion:
    return Criterion(criterion, statement, _in_build(whole.deployed(what, shows)), step)


TASKS = (
    Task("1", "Data set understanding", 15, "15 points", (
        _chapter("data-size", "Number of images in the training, validation and test part", shows.size),
        _chapter("data-classes", "Number of classes, and their names", shows.classes),
        _chapter("data-distribution", "Distribution of the classes, and whether it is balanced", shows.distribution),
        _chapter("data-dimensions", "Height, width, channels and values of the images; how sizes vary",
                 shows.dimensions),
        _chapter("data-samples", "Samples of every class", shows.samples),
        _chapter("data-preprocessing", "Preprocessing: what is done to the pixels", shows.preprocessing),
        _chapter("data-histogram", "Pixel values, original and normalised, as histograms", shows.histogram),
        _chapter("data-means", "Mean image of each class", shows.means),
        _chapter("data-suits", "Why the data suit convolution", shows.suits_convolution),
    )),
    Task("2", "Baseline without convolution", 15, "15 points", (
        _chapter("baseline-diagram", "Architecture diagram", shows.baseline_diagram),
        _chapter("baseline-parameters", "Number of parameters, of each layer and in all", shows.baseline_parameters),
        _chapter("baseline-curves", "Curves of loss and accuracy, training and validation", shows.baseline_curves),
        _chapter("baseline-accuracy", "What it reaches", shows.baseline_accuracy),
        _chapter("baseline-limits", "Limitations observed", shows.baseline_limits),
    )),
    Task("3", "Convolutional network and why", 25, "25 points", (
        _chapter("network-diagram", "Architecture diagram", shows.network_diagram),
        _chapter("network-table", "Every layer with its output, parameters and cost", shows.network_layers),
        _chapter("network-decisions", "Justification table: a why for every decision", shows.justification, _DECISION),
        _because("layers", "number of layers"),
        _because("kernel", "kernel size"),
        _because("filters", "number of filters"),
        _because("stride", "stride"),
        _because("padding", "padding"),
        _because("activation", "activation"),
        _because("pooling", "pooling"),
        _because("head", "classification head"),
    )),
    Task("4", "Controlled experiments", 25, "25 points", (
        _varied("kernel", "Kernel size 3, 5 and 7"),
        _varied("filters", "16, 32 and 64 filters"),
        _varied("depth", "1, 2 and 3 convolutional layers"),
        _varied("pooling", "With and without pooling, maximum and average"),
        _varied("stride", "Stride 1 and 2"),
        Criterion("experiment-one-factor", "One factor varied, everything else fixed",
                  _in_experiments(experiments.one_factor), "Change one factor at a time: an `Experiment` checks it."),
        Criterion("experiment-measures", "Accuracy, loss, time, parameters and cost of every variant",
                  _in_experiments(experiments.measures), _CHAPTER),
        _chapter("experiment-curves", "Learning curves of all variants on one plot", experiments.curves),
        Criterion("experiment-four", "At least four variants on one plot", _in_some(experiments.four_on_one_plot),
                  "Add a variant, or run `fashion`, `fashion_compact`, `mnist_numpy` or `design`."),
        Criterion("experiment-chart", "Comparison chart", _in_experiments(experiments.chart), _CHAPTER),
        _chapter("experiment-comparison", "Comparison table", experiments.comparison),
        Criterion("experiment-repeats", "Repeated runs, with mean and standard deviation",
                  _in_experiments(experiments.repeats), _SEEDS),
        _chapter("experiment-observations", "Qualitative observations", experiments.observations),
        _chapter("experiment-trade-offs", "Trade-offs between accuracy and cost", experiments.trade_offs),
    )),
    Task("5", "Interpretation", 20, "20 points", (
        _chapter("interpretation-gain", "By how much convolution wins, or not", experiments.gain, _SEEDS),
        _essay("interpretation-why", "Why convolution wins, or not", experiments.argument,
               "Run the study `fashion`, on whose verdict the essay rests; further sections rest on `inductive_bias`."),
        _essay("interpretation-locality", "Inductive bias: locality", experiments.bias("locality", r"\blocality\b")),
        _essay("interpretation-sharing", "Inductive bias: weight sharing",
               experiments.bias("weight sharing", r"weight sharing")),
        _essay("interpretation-equivariance", "Inductive bias: translation equivariance",
               experiments.bias("equivariance", r"\bequivariance\b")),
        _essay("interpretation-hierarchy", "Inductive bias: hierarchy",
               experiments.bias("hierarchy", r"\bhierarchy\b")),
        _essay("interpretation-not", "When it is not appropriate: " + ", ".join(experiments.INAPPROPRIATE),
               experiments.inappropriate),
        _essay("interpretation-formula", "The formula of convolution", experiments.formula("eq-convolution", "∑", "k")),
        _essay("interpretation-size", "The formula of the output size: (n − k + 2p) / s + 1",
               experiments.formula("eq-output-size", "n", "k", "2", "p", "s", "+1")),
    )),
    Task("6", "Deployment in SageMaker", 0, "required, no points", (
        _deployment("deployment-job", "Training job", "a training job that ended well", whole.trained),
        _deployment("deployment-artefact", "Packaged artefact in S3", "an artefact in S3", whole.packaged),
        _deployment("deployment-model", "Model", "a model that was created", whole.has_model),
        _deployment("deployment-endpoint", "Endpoint in service", "an endpoint in service", whole.has_endpoint),
        _deployment("deployment-inference", "Inference test: image in, class and confidence out",
                    "images, each with class and confidence", whole.inferred),
        _deployment("deployment-removed", "Everything removed again", "that nothing is left", whole.torn_down),
        _deployment("deployment-aws", "On AWS itself, not on the emulator",
                    "that every request went to a host of Amazon's: it is from the emulator", all_on_aws,
                    step="With an AWS account: `make deploy ARGS='--target aws'`; see the deployment guide."),
    )),
    Task("bonus", "Bonus", 0, "bonus", (
        _chapter("bonus-filters", "Learned filters of the first layer", shows.filters),
        _chapter("bonus-features", "Feature maps of the first two layers", shows.feature_maps),
        _chapter("bonus-confusion", "Confusion matrix", shows.confusion),
    )),
    Task("validation", "Validation list", 0, "no points", (
        Criterion("valid-end-to-end", "Everything runs end to end", _in_build(whole.end_to_end),
                  "`make data` says why a data set is not to be had; `make all` builds everything."),
        Criterion("valid-loss", "The loss falls or levels off", _in_comparisons(whole.loss_falls),
                  "Train longer, or with a smaller learning rate."),
        Criterion("valid-chance", "The baseline beats chance", _in_comparisons(whole.above_chance), _SEEDS),
        Criterion("valid-cnn", "The CNN beats the baseline, or the report says why not",
                  _in_comparisons(whole.cnn_wins_or_explained),
                  "Declare a `Claim` about it: its verdict is put in words."),
        Criterion("valid-repeats", "Repeated runs as mean and standard deviation",
                  _in_experiments(experiments.repeats), _SEEDS),
        Criterion("valid-from-scratch", "No high-level library in the engine written from scratch",
                  _in_build(whole.from_scratch), f"Import nothing but NumPy in `{whole.ENGINE}`."),
    )),
    Task("handed in", "What is handed in", 0, "no points", (
        Criterion("handed-report", "A report as PDF", _in_build(lambda build: [whole.readable_pdf(build)]),
                  "`make report`."),
        Criterion("handed-readme", "README with problem, data, architectures, results and interpretation",
                  _in_build(whole.readme), "`make readme` writes results and diagrams into it."),
        Criterion("handed-figures", "A set of figures", _in_build(whole.figures), "`make figures`."),
        Criterion("handed-notebook", "An executed notebook", _in_build(whole.notebook), "`make notebooks`."),
    )),
)  # fmt: skip
