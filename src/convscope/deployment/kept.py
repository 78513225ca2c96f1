"""Evidence that the repository keeps of a deployment of its published results, for builds that deployed nothing.

It stands in a folder of its own: report, grade sheet and what is handed in know it not, since it is not of their build.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from convscope.datasets.catalogue import fingerprint
from convscope.deployment.evidence import FILE, read_evidence
from convscope.deployment.records import Evidence
from convscope.errors import DeploymentError
from convscope.runs.published import PublishedRuns

FOLDER = "emulated"  # in data/published


def read_kept(published: Path) -> Evidence | None:
    """Read the evidence, and check that it is of a published run; None where there is none.

    Raises
    ------
    DeploymentError
        It contradicts itself, or what was published.
    DamagedPublication
        The run that it is of is not there, or not what was published.

    Parameters
    ----------
    published
        ``data/published``.
    """
    path = published / FOLDER / FILE
    if not path.is_file():
        return None
    evidence = read_evidence(path)
    for contradiction in _contradictions(evidence, PublishedRuns(published)):
        raise DeploymentError(
            f"{path} is not of what is published here: {contradiction}.",
            f"`git checkout data/published/{FOLDER}` brings back what was published; "
            "`convscope deploy run --profile published` makes new evidence.",
        )
    return evidence


def _contradictions(evidence: Evidence, runs: PublishedRuns) -> Iterator[str]:
    """Say where it differs from the run whose key it names; reading that checks the hashes of all its files."""
    if evidence.label != "EMULATED":
        yield f"its label is {evidence.label}, and evidence of AWS belongs into data/published/deployment"
    if evidence.artefact.run_key != evidence.run.key:
        yield f"run {evidence.run.key[:12]} was deployed, the artefact is of run {evidence.artefact.run_key[:12]}"
    result = runs.read(evidence.run.key)
    if evidence.run.test_accuracy != result.test_accuracy:
        yield f"its test accuracy is {evidence.run.test_accuracy}, published is {result.test_accuracy}"
    labels = runs.dataset(fingerprint(result.spec.data.dataset)).labels
    for image in evidence.inference.images:
        if image.index >= len(labels) or image.true_class != labels[image.index]:
            yield f"test image {image.index} is no {image.true_label}"
