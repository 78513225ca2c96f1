"""The evidence: a label that nobody can choose, a schema, and the page made of it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import markdown  # type: ignore[import-untyped]
import numpy as np
import pytest
from bs4 import BeautifulSoup
from emulated import environment_of, images, tiny_plan
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from PIL import Image

from convscope.deployment.aws import Cloud, DeploymentError, connect
from convscope.deployment.emulator import Emulator
from convscope.deployment.evidence import Evidence, assemble, read_evidence, schema, validate
from convscope.deployment.flow import deploy
from convscope.deployment.inference import png
from convscope.deployment.page import render_page, write_page
from convscope.deployment.witness import Witness, is_amazon
from convscope.files import write_json

ACCOUNT = "417203986512"  # as AWS gives them
AMAZON = {
    "sts": {"https://sts.eu-central-1.amazonaws.com"},
    "s3": {"https://bucket.s3.eu-central-1.amazonaws.com", "https://s3.eu-central-1.amazonaws.com"},
    "sagemaker": {"https://api.sagemaker.eu-central-1.amazonaws.com", "https://api.sagemaker.eu-central-1.api.aws"},
}


@pytest.fixture(scope="module")
def evidence(quick_artefact: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    """One deployment's evidence; tests change copies."""
    with pytest.MonkeyPatch.context() as patch, Emulator(images=images(quick_artefact)) as emulator:
        for name, value in environment_of(emulator).items():
            patch.setenv(name, value)
        cloud, plan = connect("emulator"), tiny_plan()
        facts = deploy(cloud, plan, tmp_path_factory.mktemp("journals"), lambda _line: None)
        yield assemble(facts, plan, cloud)


def copy(evidence: Evidence) -> Evidence:
    copied: Evidence = json.loads(json.dumps(evidence))
    return copied


# ---------------------------------------------------------------- the label


def test_the_label_cannot_be_forged(evidence: Evidence, emulator: Emulator, cloud: Cloud) -> None:
    """An emulator answers with any account number, ARNs can have any look, and the facts can say anything."""
    cloud.account = ACCOUNT
    cloud.role = f"arn:aws:iam::{ACCOUNT}:role/service-role/AmazonSageMaker-ExecutionRole"
    facts = {key: value for key, value in copy(evidence).items() if key not in {"label", "account", "role", "origins"}}
    facts["endpoint"]["arn"] = f"arn:aws:sagemaker:eu-central-1:{ACCOUNT}:endpoint/real"
    forged = assemble(facts | {"label": "AWS", "origins": AMAZON}, tiny_plan(), cloud)
    assert forged["label"] == "EMULATED"
    assert forged["account"] == ACCOUNT
    assert forged["origins"]["s3"] == [emulator.moto_url]


@pytest.mark.parametrize(
    "origin",
    [
        "http://127.0.0.1:5000",
        "https://evil-amazonaws.com.localhost",
        "https://evil-amazonaws.com",
        "https://amazonaws.com",
        "https://sagemaker.eu-central-1.amazonaws.com.localhost:443",
        "https://sagemaker.eu-central-1.amazonaws.com:8443",
        "https://sagemaker.eu-central-1.amazonaws.com@127.0.0.1",
        "https://sts.amazonaws.com@localhost:443",
        "https://127.0.0.1/sagemaker.eu-central-1.amazonaws.com",
        "https://localhost#.amazonaws.com",
        "https://localhost?.amazonaws.com",
        "http://sagemaker.eu-central-1.amazonaws.com",
        "https://sagemaker.eu-central-1.amazonaws.com:99999",
        "https://[::1].amazonaws.com]",
        "sagemaker.eu-central-1.amazonaws.com",
        "",
    ],
)
def test_what_only_looks_like_amazon_is_none(origin: str) -> None:
    assert not is_amazon(origin)
    witness = Witness({"sagemaker": {origin}, "s3": {"https://bucket.s3.eu-central-1.amazonaws.com"}})
    assert witness.label(ACCOUNT) == "EMULATED"


@given(st.text(max_size=30))
def test_no_text_before_another_domain_makes_it_amazons(text: str) -> None:
    assert not is_amazon(f"https://{text}.amazonaws.com.example.org")
    assert not is_amazon(f"https://{text}amazonaws.com.localhost")


def test_the_label_is_aws_only_if_everything_is() -> None:
    assert Witness(AMAZON).label(ACCOUNT) == "AWS"
    assert Witness(AMAZON).label("123456789012") == "EMULATED"  # moto's account, whatever the hosts
    assert Witness({}).label(ACCOUNT) == "EMULATED"  # nothing was asked
    assert Witness(AMAZON | {"iam": {"http://127.0.0.1:1"}}).label(ACCOUNT) == "EMULATED"


def test_the_origins_of_botos_own_clients_are_amazons(no_aws: None) -> None:
    """As botocore resolves them, without sending anything."""
    for service in ("sts", "iam", "s3", "sagemaker", "sagemaker-runtime"):
        for region in ("eu-central-1", "us-east-1"):
            assert is_amazon(boto3.client(service, region_name=region).meta.endpoint_url)


def test_the_witness_sees_where_requests_go_and_not_what_is_configured(emulator: Emulator, cloud: Cloud) -> None:
    client = cloud.session.client("s3", region_name=cloud.region)
    before = len(cloud.witness.calls)
    client.list_buckets()
    assert cloud.witness.origins["s3"] == {emulator.moto_url}
    call = cloud.witness.calls[before]
    assert (call.service, call.operation, call.status) == ("s3", "ListBuckets", 200)
    assert call.request_id == cloud.witness.last_request_id("ListBuckets") != ""
    assert cloud.witness.last_request_id("NeverCalled") == ""


# ---------------------------------------------------------------- the file


def test_the_schema_is_one_and_the_evidence_fits_it(evidence: Evidence, tmp_path: Path) -> None:
    Draft202012Validator.check_schema(schema())
    write_json(tmp_path / "evidence.json", evidence)
    assert read_evidence(tmp_path / "evidence.json") == copy(evidence)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("label",), "REAL"),
        (("account",), "123"),
        (("origins",), {}),
        (("artefact", "sha256"), "abc"),
        (("training", "arn"), "job"),
        (("comparison", "largest_confidence_difference"), 2.0),
        (("leftovers",), [{"kind": "Endpoint"}]),
        (("name",), "convscope-" + "x" * 60),
        (("more",), 1),
    ],
)
def test_evidence_that_does_not_fit_is_refused(evidence: Evidence, path: tuple[str, ...], value: Any) -> None:
    changed = copy(evidence)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(DeploymentError, match="does not fit its schema"):
        validate(changed)


def test_every_part_is_required(evidence: Evidence) -> None:
    for key in evidence:
        with pytest.raises(DeploymentError, match="does not fit"):
            validate({name: value for name, value in evidence.items() if name != key})


def test_unreadable_evidence_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "evidence.json").write_text("{")
    for name in ("evidence.json", "absent.json"):
        with pytest.raises(DeploymentError, match="cannot be read"):
            read_evidence(tmp_path / name)


def test_hashes_images_and_requests_are_those_of_what_was_sent(evidence: Evidence) -> None:
    inference = evidence["inference"]
    for part in ("request", "response"):
        assert hashlib.sha256(inference[part].encode()).hexdigest() == inference[f"{part}_sha256"]
    sent = [instance["image_b64"] for instance in json.loads(inference["request"])["instances"]]
    assert sent == [image["png_base64"] for image in inference["images"]]
    pixels = tiny_plan().dataset.test.pixels
    for image in inference["images"]:
        assert base64.b64decode(image["png_base64"]) == png(pixels[image["index"]])
    operations = [request["operation"] for request in evidence["requests"]]
    assert operations.index("CreateModel") < operations.index("CreateEndpoint") < operations.index("DeleteEndpoint")
    assert all(request["id"] for request in evidence["requests"])


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 3]))
def test_pngs_have_the_pixels_of_their_images(seed: int, channels: int) -> None:
    import io  # noqa: PLC0415

    image = np.random.default_rng(seed).integers(0, 256, (channels, 5, 7), np.uint8)
    decoded = np.asarray(Image.open(io.BytesIO(png(image))))
    np.testing.assert_array_equal(decoded.reshape(5, 7, channels).transpose(2, 0, 1), image)


# ---------------------------------------------------------------- the page


def page_of(evidence: Evidence) -> BeautifulSoup:
    extensions = ["admonition", "attr_list", "md_in_html", "tables", "pymdownx.superfences", "pymdownx.details"]
    return BeautifulSoup(markdown.markdown(render_page(evidence), extensions=extensions), "html.parser")


def test_the_page_shows_label_images_latency_and_leftovers(evidence: Evidence, tmp_path: Path) -> None:
    page = page_of(evidence)
    title = page.select_one(".admonition .admonition-title")
    assert title is not None
    assert title.text == "EMULATED"
    sources = [str(image["src"]) for image in page.select("img")]
    assert sum(source.startswith("data:image/png;base64,") for source in sources) == len(
        evidence["inference"]["images"]
    )
    (plot,) = [source for source in sources if source.startswith("data:image/svg+xml;base64,")]
    assert b"#0072b2" in base64.b64decode(plot.partition(",")[2]).lower()
    assert "Nothing: no endpoint" in page.text
    for step in evidence["steps"]:
        assert step["name"] in page.text
    for part in ("request", "response"):
        blocks = [json.loads(block.text) for block in page.select("details code") if block.text.startswith("{")]
        assert json.loads(evidence["inference"][part]) in blocks
    assert write_page(evidence, tmp_path).read_text() == render_page(evidence)  # the same each time


def test_the_page_names_what_is_left_and_what_is_aws(evidence: Evidence) -> None:
    """A page can show AWS evidence from elsewhere; its label is in the file."""
    changed = copy(evidence)
    changed |= {"label": "AWS", "leftovers": [{"kind": "Endpoint", "name": "convscope-left"}]}
    changed["comparison"] |= {"identical": False, "same_class": 499, "largest_confidence_difference": 0.0004}
    changed["endpoint"]["variant"] = {"InstanceType": "ml.m5.large"}
    page = page_of(changed)
    title = page.select_one(".admonition .admonition-title")
    assert title is not None
    assert title.text == "AWS"
    assert "Endpoint convscope-left" in page.text
    assert "499 of 500 classes are the same, confidences differ by at most 4.0e-04" in page.text
    assert "on ml.m5.large" in page.text
