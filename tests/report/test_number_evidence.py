"""The record behind a number: found by rule, for each kind of place in metrics.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from convscope.report.evidence import (
    CODE_FILE,
    DATA_FILE,
    SHARED,
    evidence,
    joined,
    selected,
    write_evidence,
)  # fmt: skip

ACCURACY = {"unit": "fraction", "mean": 0.9123, "n": 2, "interval": [0.9, 0.92], "values": [0.91, 0.9146]}
METRICS: dict[str, Any] = {
    "profile": "full",
    "datasets": {
        "clothes": {"title": "Clothes", "fingerprint": "957340e85e3b", "imbalance": 1.5, "class_names": ["a"] * 9}
    },
    "studies": {
        "other": {"title": "Other", "status": "not run"},
        "fashion": {
            "title": "Clothing",
            "dataset": "clothes",
            "seeds": 2,
            "variants": {
                "mlp": {"title": "MLP", "runs": ["01ee2252f0", "432ae351f0"], "test_accuracy": ACCURACY, "size": 9},
                "cnn": {"title": "CNN", "runs": ["b2adec69f0", "9b6324aef0"], "layers": [{"macs": 7}]},
            },
            "against_baseline": [
                {"a": "cnn", "b": "mlp", "unit": "fraction", "effect": 0.02, "n": 2, "interval": None, "error": 0.1}
            ],
        },
    },
    "claims": {
        "better": {
            "study": "fashion", "statement": "It is better", "verdict": "supported", "unit": "fraction", "effect": 0.02,
            "n": 2, "interval": [0.01, 0.03], "level": 0.975, "margin": 0.005, "runs": ["b2adec69f0"],
        }
    },
    "timings": {"studies": {"fashion": {"mlp": {"train_seconds": {"unit": "seconds", "n": 2, "values": [1.5, 2.5]}}}}},
    "environment": {"machines": [{"cores": 2}]},
}  # fmt: skip
MLP_RUNS = ["01ee2252", "432ae351"]
CNN_RUNS = ["b2adec69", "9b6324ae"]
CLOTHES = "Clothes, SHA-256 957340e8"
FASHION = "make metrics STUDIES=fashion PROFILE=full"


@pytest.mark.parametrize(
    ("pointer", "measured", "place"),
    [
        (
            "/studies/fashion/variants/mlp/test_accuracy/mean",
            {"value": 0.9123, "unit": "fraction", "n": 2, "interval": [0.9, 0.92]},
            {"about": "Clothing · MLP", "data": CLOTHES, "runs": MLP_RUNS, "command": FASHION},
        ),
        (
            "/studies/fashion/variants/cnn/layers/0/macs",
            {"value": 7},
            {"about": "Clothing · CNN", "data": CLOTHES, "runs": CNN_RUNS, "command": FASHION},
        ),
        (
            "/studies/fashion/against_baseline/0/error",
            {"value": 0.1, "unit": "fraction", "n": 2, "effect": 0.02},
            {"about": "Clothing · CNN − MLP", "data": CLOTHES, "runs": CNN_RUNS + MLP_RUNS, "command": FASHION},
        ),
        (
            "/claims/better/effect",
            {"value": 0.02, "unit": "fraction", "n": 2, "interval": [0.01, 0.03], "level": 0.975, "margin": 0.005},
            {"about": "Clothing · It is better", "data": CLOTHES, "runs": ["b2adec69"], "command": FASHION},
        ),
        (
            "/claims/better/n",
            {"value": 2, "effect": 0.02, "interval": [0.01, 0.03], "level": 0.975, "margin": 0.005},
            {"about": "Clothing · It is better", "data": CLOTHES, "runs": ["b2adec69"], "command": FASHION},
        ),
        (
            "/timings/studies/fashion/mlp/train_seconds/values/1",
            {"value": 2.5, "unit": "seconds", "n": 2},
            {"about": "Clothing · MLP", "data": CLOTHES, "runs": MLP_RUNS, "command": FASHION},
        ),
        ("/datasets/clothes/imbalance", {"value": 1.5}, {"about": "", "data": CLOTHES, "command": FASHION}),
        ("/datasets/clothes/class_names", {"value": "9 elements"}, {"about": "", "data": CLOTHES, "command": FASHION}),
        ("/studies/fashion/seeds", {"value": 2}, {"about": "Clothing", "data": CLOTHES, "command": FASHION}),
        (
            "/studies/other/title",
            {"value": "Other"},
            {"about": "Other", "command": "make metrics STUDIES=other PROFILE=full"},
        ),
        ("/environment/machines/0/cores", {"value": 2}, {"about": "", "command": "make metrics PROFILE=full"}),
        ("/claims", {"value": "1 element"}, {"about": "", "command": "make metrics PROFILE=full"}),
    ],
)
def test_a_record_says_value_study_runs_data_and_command(
    pointer: str, measured: dict[str, Any], place: dict[str, Any]
) -> None:
    found = evidence(METRICS, [pointer])
    value = found["values"][pointer]
    around = {} if "of" not in value else found["measured"][value["of"]]
    own = pointer.rpartition("/")[2]
    shown = {name: what for name, what in around.items() if name != own}
    assert shown | {name: what for name, what in value.items() if name not in SHARED} == measured
    assert found["places"][value["place"]] == place


def test_records_of_two_documents_become_one_and_that_of_a_page_again() -> None:
    pointers = {
        "report": ["/claims", "/claims/better/n", "/datasets/clothes/imbalance"],
        "supplement": ["/claims/better/effect", "/claims/better/n", "/studies/fashion/variants/mlp/test_accuracy/mean"],
    }
    whole = joined(*(evidence(METRICS, names) for names in pointers.values()))
    assert set(whole["values"]) == {*pointers["report"], *pointers["supplement"]}
    for name in whole["values"]:
        assert selected(whole, [name, "/absent"]) == evidence(METRICS, [name])


def test_numbers_of_one_place_share_it() -> None:
    pointers = [f"/studies/fashion/variants/mlp/{what}" for what in ("size", "test_accuracy/mean")]
    found = evidence(METRICS, [*pointers, "/studies/fashion/variants/cnn/layers/0/macs"])
    assert len(found["places"]) == 2
    assert found["values"][pointers[0]]["place"] == found["values"][pointers[1]]["place"]


def test_no_text_ends_the_script_that_holds_the_records(tmp_path: Path) -> None:
    title = "</script><script>alert(1)</script>"
    metrics = METRICS | {"studies": {"other": {"title": title}}}
    write_evidence(tmp_path, "report", metrics, ["/studies/other/title"])
    text = (tmp_path / f"report-{DATA_FILE}").read_text(encoding="utf-8")
    assert text.count("<") == 2  # the element's own tags
    data = json.loads(text[text.index(">") + 1 : text.rindex("</script>")])
    assert data["values"]["/studies/other/title"]["value"] == title
    assert (tmp_path / CODE_FILE).read_text(encoding="utf-8").count("</script>") == 1
