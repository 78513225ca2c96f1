"""Test images that only one of two networks reads: right in every run of the one, wrong in every run of the other."""

from __future__ import annotations

import numpy as np

from convscope.analysis.failures import trained_seeds
from convscope.analysis.pictures import Pictures
from convscope.analysis.study_records import Disputed, DisputedImage, OnlyRight
from convscope.analysis.variants import correct_predictions
from convscope.runs.results import Results

SHOWN = 8  # images a network, the first of the test part: chosen by a rule and not by eye
FEWEST_SEEDS = 2  # of a single run, what it alone gets right is mostly luck


def dispute_of(results: Results) -> Disputed | None:
    """Describe the images that reference and baseline of a study dispute.

    Returns
    -------
    Disputed or None
        None where there are too few runs that trained, or nothing to compare or to look at.
    """
    study, labels = results.study, results.labels
    networks = (study.reference, study.baseline)
    counted = np.all([trained_seeds(results.runs[name], labels) for name in networks], axis=0)
    if study.reference == study.baseline or counted.sum() < FEWEST_SEEDS or results.facts["source"] == "table":
        return None
    right = {name: correct_predictions(results.runs[name], labels)[counted] for name in networks}

    def only(one: str, other: str) -> OnlyRight:
        found = np.flatnonzero(right[one].all(axis=0) & ~right[other].any(axis=0))
        calls = np.stack([run.predictions for run in results.runs[other]])[counted]
        shown = tuple(
            DisputedImage(image=int(i), label=int(labels[i]), called=int(np.bincount(calls[:, i]).argmax()))
            for i in found[:SHOWN]
        )
        return OnlyRight(right=one, count=len(found), shown=shown)

    return Disputed(
        runs=int(counted.sum()),
        only=(only(*networks), only(*reversed(networks))),
        neither=int((~np.concatenate(list(right.values())).any(axis=0)).sum()),
    )


def pictures(results: Results, described: Disputed | None) -> Pictures:
    """Return the pixels of the images that are shown, (images, C, H, W), by network; none if they are not at hand."""
    found: Pictures = {}
    for side in described.only if described else ():
        pixels = results.test_images([shown.image for shown in side.shown]) if side.shown else None
        if pixels is not None:
            found[f"studies/{results.study.id}/only/{side.right}"] = pixels
    return found
