"""What is damaged in a copy of a build, and exactly which criteria of the grade sheet that loses."""

from __future__ import annotations

import shutil

from damage import (
    Damage,
    evidence,
    fashion,
    file,
    gone,
    metrics,
    no_gain,
    not_run,
    notebook,
    rising,
    second_difference,
    several,
    unmarked,
    unrun,
    untraced,
    with_reason,
    without,
    without_column,
    without_picture,
    without_row,
    without_rows,
    without_study,
    without_value,
    without_words,
)  # fmt: skip

from checkout import ROOT
from convscope.grade.assignment import read_assignment

ALL = {criterion.id for criterion in read_assignment(ROOT).criteria}
# The smoke profile deploys to the emulator, and trains each variant of `design` once.
NOT_IN_SMOKE = {"deployment-aws", "experiment-repeats", "valid-repeats"}

WHY = {"layers": "Layers", "kernel": "Kernel size", "filters": "Filters", "stride": "Stride", "padding": "Padding",
       "activation": "Activation", "pooling": "Pooling", "head": "Head"}  # fmt: skip
_OF_THE_TABLE = {"data-size", "data-classes", "data-distribution", "data-dimensions", "data-preprocessing"}
DATA = {*_OF_THE_TABLE, "data-samples", "data-histogram", "data-means", "data-suits"}
BASELINE = {f"baseline-{name}" for name in ("diagram", "parameters", "curves", "accuracy", "limits")}
NETWORK = {"network-diagram", "network-table", "network-decisions", *(f"network-{choice}" for choice in WHY)}
EXPERIMENTS = ("filters", "depth", "pooling", "stride")
ESSAY = {"why", "locality", "sharing", "equivariance", "hierarchy", "not", "formula", "size"}

# What is damaged, and exactly which criteria that loses beside those that smoke never has.
DAMAGES: dict[str, tuple[Damage, set[str]]] = {
    "nothing": (lambda _: None, set()),
    # task 1
    "section data": (without("sec-fashion-data"), DATA),
    "table of the data": (
        without("tbl-fashion-data"),
        _OF_THE_TABLE,
    ),
    "number of validation images": (without_value("tbl-fashion-data", "/images/validation"), {"data-size"}),
    "count of classes": (without_value("tbl-fashion-data", "/class_names"), {"data-classes"}),
    "balance": (without_value("tbl-fashion-data", "/imbalance"), {"data-distribution"}),
    "image height": (without_value("tbl-fashion-data", "/height"), {"data-dimensions"}),
    "mean of the pixels": (without_value("tbl-fashion-data", "/mean/"), {"data-preprocessing"}),
    "figure classes": (without("fig-fashion-classes"), {"data-distribution"}),
    "one class not drawn": (without_rows("fig-fashion-classes", "class", "7"), {"data-distribution"}),
    "figure samples": (without("fig-fashion-samples"), {"data-samples"}),
    "pictures of the samples": (without_picture("fig-fashion-samples"), {"data-samples"}),
    "figure means": (without("fig-fashion-means"), {"data-means"}),
    "figure histogram": (without("fig-fashion-histogram"), {"data-histogram"}),
    "normalised histogram": (without_column("fig-fashion-histogram", "normalised"), {"data-histogram"}),
    "words on preprocessing": (without_words("sec-fashion-data", "preprocessing"), {"data-preprocessing"}),
    "words on neighbours": (without_words("sec-fashion-data", "correlation"), {"data-suits"}),
    # task 2
    "section baseline": (without("sec-fashion-baseline"), BASELINE | {"valid-chance"}),
    "figure baseline": (without("fig-fashion-baseline"), {"baseline-diagram"}),
    "a layer not drawn": (without_rows("fig-fashion-baseline", "output", "128"), {"baseline-diagram"}),
    "layers of the baseline": (without("tbl-fashion-mlp-layers"), {"baseline-parameters"}),
    "figure of baseline curves": (without("fig-fashion-baseline-curves"), {"baseline-curves"}),
    "validation not drawn": (without_rows("fig-fashion-baseline-curves", "part", "validation"), {"baseline-curves"}),
    "training accuracy": (
        without_value("sec-fashion-baseline", "/mlp/train_accuracy"), {"baseline-accuracy"}),
    "words on limits": (
        without_words("sec-fashion-baseline", "limits"), {"baseline-accuracy", "baseline-limits", "valid-chance"}),
    # task 3
    "section design": (without("sec-fashion-design"), NETWORK),
    "figure network": (without("fig-fashion-reference"), {"network-diagram"}),
    "layers of the network": (without("tbl-fashion-cnn3-layers"), {"network-table"}),
    "table of decisions": (without("tbl-fashion-decisions"), NETWORK - {"network-diagram", "network-table"}),
    **{
        f"why {choice}": (without_row("tbl-fashion-decisions", row), {"network-decisions", f"network-{choice}"})
        for choice, row in WHY.items()
    },
    "a reason to be written": (
        with_reason(4, "TODO: say what happens at the border."), {"network-decisions", "network-padding"}),
    # task 4
    "experiment kernel": (without("tbl-fashion-kernel"), {"experiment-kernel"}),
    **{f"experiment {name}": (without(f"tbl-design-{name}"), {f"experiment-{name}"}) for name in EXPERIMENTS},
    "section of an experiment": (without("sec-design-filters"), {"experiment-filters", "experiment-one-factor"}),
    "a second difference": (fashion(second_difference), {"experiment-one-factor"}),
    "the study of the factors": (without_study("design"), {f"experiment-{name}" for name in EXPERIMENTS}),
    "table of results": (without("tbl-fashion-results"), {"experiment-measures"}),
    "time of a variant": (without_value("tbl-fashion-results", "/cnn7/train_seconds"), {"experiment-measures"}),
    "figure curves": (without("fig-fashion-curves"), {"experiment-curves", "valid-loss"}),
    "a variant not drawn": (without_rows("fig-fashion-curves", "variant", "cnn7"), {"experiment-curves"}),
    "four on no plot": (
        several(without("fig-fashion-curves"), without("fig-design-activation-curves")),
        {"experiment-curves", "experiment-four", "valid-loss"},
    ),
    "figure accuracy": (without("fig-fashion-accuracy"), {"experiment-chart"}),
    "comparison table": (
        without("tbl-fashion-against-baseline"), {"experiment-comparison", "interpretation-gain", "valid-cnn"}),
    "figure cost": (without("fig-fashion-cost"), {"experiment-trade-offs"}),
    "section interpretation": (
        without("sec-fashion-interpretation"),
        {"experiment-observations", "experiment-trade-offs", "interpretation-gain", "valid-cnn"},
    ),
    # task 5
    "essay": (without("sec-essay"), {f"interpretation-{name}" for name in ESSAY}),
    "the answer of the essay": (without("sec-essay-gain"), {"interpretation-why"}),
    "assumptions": (
        without("sec-essay-assumption"), {f"interpretation-{name}" for name in ESSAY - {"why", "not"}}),
    "where it does not fit": (without("sec-essay-not"), {"interpretation-not"}),
    "irregular series": (without_words("sec-essay-not", "irregular|uneven"), {"interpretation-not"}),
    **{
        f"bias {name}": (without_words("sec-essay-assumption", pattern), {f"interpretation-{name}"})
        for name, pattern in {"equivariance": "equivariance", "hierarchy": "hierarchy"}.items()
    },
    "locality and sharing": (
        without_words("sec-essay-assumption", "locality"), {"interpretation-locality", "interpretation-sharing"}),
    "formula of convolution": (without("eq-convolution"), {"interpretation-formula"}),
    "formula of the size": (without("eq-output-size"), {"interpretation-size"}),
    **{
        f"no mark of {topic}": (unmarked(topic), {criterion})
        for topic, criterion in {
            "sizes": "data-dimensions", "preprocessing": "data-preprocessing", "suits": "data-suits",
            "limits": "baseline-limits", "locality": "interpretation-locality", "sharing": "interpretation-sharing",
            "sets": "interpretation-not",
        }.items()
    },
    "a decision about nothing": (
        fashion(lambda study: study["decisions"][3].update(about="")), {"network-stride"}),
    "rows of no variant": (without_rows("fig-fashion-accuracy", "variant", "mlp"), {"experiment-chart"}),
    "costs not drawn": (without_rows("fig-fashion-cost", "variant", "cnn5"), {"experiment-trade-offs"}),
    "a class not confused": (without_rows("fig-fashion-confusion", "predicted", "3"), {"bonus-confusion"}),
    "a mean image": (without_rows("fig-fashion-means", "class", "0"), {"data-means"}),
    # task 6
    "evidence": (gone("deployment/evidence.json"), {c for c in ALL if c.startswith("deployment-")}),
    "job failed": (
        evidence(lambda found: found["training"]["transitions"].append({"status": "Failed", "time": ""})),
        {"deployment-job"},
    ),
    "no artefact": (evidence(lambda found: found["artefact"].update(uri="")), {"deployment-artefact"}),
    "no model": (evidence(lambda found: found["endpoint"].pop("model_arn")), {"deployment-model"}),
    "no endpoint": (
        evidence(lambda found: found["endpoint"]["transitions"].pop()), {"deployment-endpoint"}),
    "no answer": (evidence(lambda found: found["inference"]["images"].clear()), {"deployment-inference"}),
    "something left": (evidence(lambda found: found["leftovers"].append({"kind": "Endpoint"})), {"deployment-removed"}),
    "a label alone": (evidence(lambda found: found.update(label="AWS")), set()),  # the hosts are not Amazon's
    # bonus
    "section inside": (without("sec-fashion-inside"), {"bonus-filters", "bonus-features"}),
    "figure filters": (without("fig-fashion-cnn3-filters"), {"bonus-filters"}),
    "second layer not drawn": (
        without_rows("fig-fashion-cnn3-features", "layer", "2"), {"bonus-features"},
    ),
    "figure confusion": (without("fig-fashion-confusion"), {"bonus-confusion"}),
    # validation list, what is handed in
    "a study left out": (
        metrics(lambda m: m["studies"].update(design=not_run(m["studies"]["design"]))),
        {"valid-end-to-end", *(f"experiment-{name}" for name in EXPERIMENTS)},
    ),
    "rising loss": (fashion(rising), {"valid-loss"}),
    "baseline at chance": (
        metrics(lambda m: [d.update(test_counts=[99, 1]) for d in m["datasets"].values()]), {"valid-chance"}),
    "no gain, but explained": (fashion(no_gain), set()),
    "no gain, not explained": (
        several(fashion(no_gain), untraced("sec-fashion-interpretation", "^/claims/.*/verdict$")), {"valid-cnn"}),
    "a library in the engine": (
        file("src/convscope/engines/numpy_cnn/pooling.py", lambda text: f"{text}\ndef f():\n    import torch.nn\n"),
        {"valid-from-scratch"},
    ),
    "pdf": (gone("report/report.pdf"), {"handed-report", "valid-end-to-end"}),
    "pdf cut off": (
        lambda copy: (copy.folder / "report/report.pdf").write_bytes(b"%PDF-1.7\n"),
        {"handed-report", "valid-end-to-end"},
    ),
    "readme": (file("README.md", lambda _: None), {"handed-readme"}),
    "a picture of the readme": (
        lambda copy: (copy.root / "site/docs/images/fashion-reference-architecture.svg").unlink(), {"handed-readme"}),
    "a readme that marks no interpretation": (
        file("README.md", lambda text: text.replace("<!-- interpretation -->", "")), {"handed-readme"}),
    "figures": (
        lambda copy: shutil.rmtree(copy.folder / "figures"), {"handed-figures", "valid-end-to-end"}),
    "notebooks": (lambda copy: shutil.rmtree(copy.folder / "notebooks"), {"handed-notebook"}),
    "notebooks that were not run": (notebook(unrun), {"handed-notebook"}),
    "notebooks of other results": (
        lambda copy: (copy.folder / "metrics.json").write_text(f"{(copy.folder / 'metrics.json').read_text()}\n"),
        {"handed-notebook"},
    ),
}  # fmt: skip
# With each variant trained more than once: the study that is trained once is out of the way.
REPEATED = {"experiment-repeats", "valid-repeats"}
DAMAGES_OF_REPEATS: dict[str, Damage] = {
    "standard deviation": without_value("tbl-fashion-results", "/cnn5/test_accuracy/sd"),
    "one seed": fashion(lambda study: study["variants"]["mlp"].update(runs=study["variants"]["mlp"]["runs"][:1])),
}
