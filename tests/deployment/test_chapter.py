"""The report's chapter on the deployment: figures and text follow from the evidence, number by number."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bs4 import BeautifulSoup
from emulation import tiny_plan
from numpy.testing import assert_array_equal

from convscope.analysis.records import Metrics
from convscope.deployment.evidence import estimate
from convscope.deployment.records import parse_evidence
from convscope.figures.deployment import deployment_request, deployment_way, latency_rows, request_rows, way_rows
from convscope.figures.registry import Material, registered
from convscope.figures.style import figure_style, save
from convscope.handin.verify import check_page, deployment
from convscope.report import pandoc
from convscope.report.evidence import evidence as evidence_shown
from convscope.report.fill import fill
from convscope.report.traced import check_numbers

Json = dict[str, Any]
REPORT = Path(__file__).parents[2] / "report"
FRONT = '---\ntitle: "Chapter"\n---\n\n<% include "_deployment.qmd" %>\n'


def material(evidence: Json | None) -> Material:
    """Return what figures are drawn from where nothing was run, and perhaps something deployed."""
    nothing = Metrics.model_construct(studies={}, datasets={}, claims={})
    return Material(nothing, {}, parse_evidence(evidence, "evidence") if evidence else None)


def document(evidence: Json | None) -> dict[str, Any]:
    rest: dict[str, Any] = {"studies": {}, "datasets": {}, "claims": {}, "profile": "smoke"}
    return rest | ({"deployment": json.loads(json.dumps(evidence))} if evidence else {})


def page(metrics: dict[str, Any], folder: Path) -> Path:
    """Render the chapter alone, as the site has it; its numbers are checked on the way."""
    templates, figures = folder / "report", folder / "figures"
    templates.mkdir(parents=True)
    (templates / "report.qmd").write_text(FRONT)
    for name in ("_deployment.qmd", "_quarto.yml", "references.bib"):
        shutil.copy(REPORT / name, templates)
    figures.mkdir()
    with figure_style():
        for name, drawing in registered(material(metrics.get("deployment"))):
            if name.startswith("deployment-"):
                save(drawing(), figures / f"{name}.svg")
    fill(templates, metrics, figures, {"commit": "abc1234"}, folder / "source")
    pandoc.render_site_page(folder / "source", folder / "page.md", "report")
    check_numbers(folder / "page.md", metrics)
    return folder / "page.md"


@pytest.mark.slow
def test_every_number_of_the_chapter_is_one_of_the_evidence(evidence: Json, tmp_path: Path) -> None:
    metrics = document(evidence)
    made = page(metrics, tmp_path)
    text = made.read_text()
    shown = BeautifulSoup(text, "html.parser")
    sources = {str(each["data-source"]) for each in shown.select("[data-source]")}
    assert len(sources) > 100
    assert all(source.startswith("/deployment/") for source in sources)
    for name in ("way", "inference/images", "latency", "cost", "artefact", "run", "comparison"):
        assert any(source.startswith(f"/deployment/{name}") for source in sources)
    assert "AWS itself was not used" in shown.text
    # the standalone check of a submission knows the document, too
    folder = tmp_path / "submission" / "deployment"
    folder.mkdir(parents=True)
    (folder / "evidence.json").write_text(json.dumps(evidence))
    known = metrics | deployment(folder.parent)
    assert check_page("page", text, known)[0] == []
    known["deployment"]["latency"]["median"] += 10
    assert check_page("page", text, known)[0]


@pytest.mark.slow
def test_another_number_in_the_evidence_is_another_in_the_chapter(evidence: Json, tmp_path: Path) -> None:
    changed = json.loads(json.dumps(evidence))
    changed["latency"]["median"] = 4321.5
    changed["run"]["title"] = "another/run/seed7"
    changed["leftovers"] = [{"kind": "Endpoint", "name": "x"}]
    changed["label"] = "AWS"
    text = BeautifulSoup(page(document(changed), tmp_path).read_text(), "html.parser").text
    assert "4,321.5 ms" in text
    assert "another/run/seed7" in text
    assert "still there" in text
    assert "AWS itself was not used" not in text
    assert "EMULATED" not in text


def test_a_build_without_a_deployment_says_so(tmp_path: Path) -> None:
    text = page(document(None), tmp_path).read_text()
    assert "This build deployed nothing" in text


def test_a_number_can_be_asked_where_it_comes_from(evidence: Json) -> None:
    shown = evidence_shown(document(evidence), ["/deployment/latency/median"])
    (place,) = shown["places"]
    assert shown["values"]["/deployment/latency/median"]["value"] == evidence["latency"]["median"]
    assert place["about"] == "Deployment (EMULATED) · tiny/cnn/seed0"
    assert place["command"] == "make deploy PROFILE=smoke"
    assert place["runs"] == [evidence["run"]["key"][:8]]


def test_the_way_is_that_of_the_requests(evidence: Json) -> None:
    stops = [(stop["stop"], stop["call"], stop["outcome"]) for stop in evidence["way"]]
    first = evidence["inference"]["images"][0]
    assert stops == [
        ("Training job", "CreateTrainingJob", "Completed"),
        ("model.tar.gz in S3", "GetObject", f"{evidence['artefact']['bytes']:,} bytes"),
        ("Model", "CreateModel", "created"),
        ("Endpoint configuration", "CreateEndpointConfig", "created"),
        ("Endpoint", "CreateEndpoint", "InService"),
        ("Request", "InvokeEndpoint", f"{first['label']}, {first['confidence']:.3f}"),
        ("Teardown", "DeleteEndpoint", "nothing left"),
    ]
    assert [stop["time"] for stop in evidence["way"]] == sorted(stop["time"] for stop in evidence["way"])
    assert all(evidence["started"] <= stop["time"] <= evidence["finished"] for stop in evidence["way"])
    assert all(stop["status"] // 100 == 2 and stop["id"] for stop in evidence["way"])
    ids = {request["id"]: request for request in evidence["requests"]}
    for stop in evidence["way"]:
        if stop["call"].startswith("Create"):
            assert ids[stop["id"]]["arn"] == stop["name"]
            assert stop["name"].startswith("arn:aws:sagemaker:eu-central-1:123456789012:")
    assert evidence["inference"]["request_id"] == evidence["way"][5]["id"]


def test_the_figures_show_the_evidence_and_its_label(evidence: Json) -> None:
    shown = material(evidence)
    with figure_style():
        way = deployment_way(way_rows(shown))
        words = [text.get_text() for axes in way.axes for text in axes.texts]
        request = deployment_request(request_rows(shown))
    assert "EMULATED" in words
    for stop in evidence["way"]:
        assert {stop["stop"], stop["call"], stop["outcome"]} <= set(words)
    images = evidence["inference"]["images"]
    drawn = [axes.get_images()[0].get_array() for axes in request.axes if axes.get_images()]
    pixels = tiny_plan().dataset.test.pixels
    for array, image in zip(drawn, images, strict=False):
        assert_array_equal(np.asarray(array), pixels[image["index"]][0])
    assert [row["milliseconds"] for row in latency_rows(shown)] == evidence["latency"]["milliseconds"]
    assert way_rows(material(None)) == request_rows(material(None)) == latency_rows(material(None)) == []


def test_the_cost_is_the_sum_of_its_parts() -> None:
    cost = estimate(requests=60, stored_bytes=100_000_000)
    assert cost.total == pytest.approx(600 / 3600 * 0.115 + (30 + 0.2 * 60) * 0.00006 + 0.1 * 0.023 / 730)
    assert cost.forgotten_a_month == pytest.approx(83.95)
