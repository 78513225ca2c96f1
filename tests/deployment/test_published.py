"""A published run is deployed with the weights that are kept of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_run
from emulation import QUICK, tiny_plan

from convscope.datasets.catalogue import fingerprint
from convscope.datasets.eda import describe
from convscope.deployment import stage
from convscope.deployment.aws import Cloud
from convscope.deployment.flow import deploy
from convscope.deployment.stage import PublishedStore, plan_of, published_run
from convscope.errors import DatasetUnavailable, DeploymentError
from convscope.runs.published import PublishedRuns
from convscope.specs import run_key
from convscope.studies import STUDIES


def kept(root: Path, *, weights: bool) -> PublishedRuns:
    runs = PublishedRuns(root)
    facts, pictures = describe(tiny_run.dataset())
    runs.add_dataset(facts, tiny_run.dataset().test.labels, pictures)
    runs.add(tiny_run.result(), fingerprint(tiny_run.spec().data.dataset), {}, keep_weights=weights)
    return runs


def test_its_predictions_are_those_of_the_kept_weights(tmp_path: Path) -> None:
    """16 bits of a weight change confidences by less than they are asked to agree within."""
    local = tiny_run.result()
    kept(tmp_path, weights=True)
    read = PublishedStore(tmp_path, tmp_path / "data").read(local.key)
    assert (read.predictions == local.predictions).mean() > 0.99
    np.testing.assert_allclose(read.confidences, local.confidences, atol=0.01)
    assert read.test_accuracy == local.test_accuracy


def test_a_run_without_weights_is_refused(tmp_path: Path) -> None:
    kept(tmp_path, weights=False)
    with pytest.raises(DeploymentError, match="no weights are kept"):
        PublishedStore(tmp_path, tmp_path / "data").read(tiny_run.result().key)


@pytest.mark.slow
def test_it_is_deployed_and_compared_with_the_model_itself(cloud: Cloud, tmp_path: Path) -> None:
    kept(tmp_path / "published", weights=True)
    store = PublishedStore(tmp_path / "published", tmp_path / "data")
    plan = plan_of(store, tiny_plan().run, tmp_path / "data", QUICK)
    deployed = deploy(cloud, plan, tmp_path / "journals", lambda _line: None)
    assert deployed.comparison.against == "the artefact's model, evaluated here"
    assert not deployed.comparison.weights_identical  # 16 bits
    assert deployed.leftovers == []


def test_only_a_run_that_can_be_deployed_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = STUDIES["fashion"]
    spec, local = study.runs("full")["cnn3"][0], tiny_run.result()
    key = run_key(spec, fingerprint("fashion-mnist"), local.mode, 1)
    folder = PublishedRuns(tmp_path).path(key)
    there: list[str] = []

    def find(name: str, *_: Any, download: bool) -> None:
        assert not download
        if name not in there:
            raise DatasetUnavailable(name)

    monkeypatch.setattr(stage, "find", find)
    monkeypatch.setattr(PublishedRuns, "find", lambda _, asked: {local.mode: key} if asked == spec else {})
    assert published_run(study, "cnn3", tmp_path, tmp_path) is None  # no weights
    folder.mkdir(parents=True)
    (folder / "weights.safetensors").touch()
    assert published_run(study, "cnn3", tmp_path, tmp_path) is None  # no data
    there.append("fashion-mnist")
    found = published_run(study, "cnn3", tmp_path, tmp_path)
    assert found is not None
    assert (found.key, found.spec, found.study, found.variant) == (key, spec, "fashion", "cnn3")
    assert published_run(study, "mlp", tmp_path, tmp_path) is None  # not published
    assert published_run(study, "absent", tmp_path, tmp_path) is None
    assert published_run(replace(STUDIES["shift"]), STUDIES["shift"].reference, tmp_path, tmp_path) is None
