"""What the answers to the checklists quote of a build."""

from __future__ import annotations

from convscope.grade.build import Build
from convscope.specs import to_json


def facts_of(build: Build) -> dict[str, str]:
    """Return each fact as it stands in a sentence."""
    metrics = build.metrics
    verdicts = [claim.verdict for claim in metrics.claims.values()]
    datasets = metrics.datasets
    timings = metrics.timings.studies.values()
    seconds = sum(sum(variant.train_seconds.values) for study in timings for variant in study.values())
    parameters = [v.parameters for chapter in build.chapters for v in chapter.study.variants.values()]
    layers = {
        layer["type"] for c in build.chapters for model in c.models.values() for layer in to_json(model)["layers"]
    }
    lock = build.root / "requirements.lock"
    locked = lock.read_text(encoding="utf-8").splitlines() if lock.is_file() else []
    return {
        "claims": str(len(verdicts)),
        "decided": str(sum(verdict != "inconclusive" for verdict in verdicts)),
        "runs": str(len(metrics.runs)),
        "seeds": " or ".join(map(str, sorted({chapter.study.seeds for chapter in build.experiments}))),
        "datasets": ", ".join(datasets),
        "titles": ", ".join(dict.fromkeys(facts.title for facts in datasets.values())),
        "licences": "; ".join(dict.fromkeys(f"{facts.title}: {facts.licence}" for facts in datasets.values())),
        "machines": "; ".join(
            f"{each.processor}, {each.cores} cores, {each.mode['dtype']} on {each.mode['device']}"
            for each in metrics.environment.machines
        ),
        "hours": f"{seconds / 3600:.2f}",
        "largest": f"{max(parameters, default=0):,}",
        "layers": ", ".join(sorted(layers)),
        "packages": str(sum("==" in line and line[0] not in " #" for line in locked)),
    }
