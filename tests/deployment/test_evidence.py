"""The evidence: a label that nobody can choose, a schema, and the page made of it."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import boto3
import markdown
import numpy as np
import pytest
from bs4 import BeautifulSoup
from emulation import tiny_plan
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from PIL import Image
from pydantic import ValidationError

from convscope.datasets.png import to_png
from convscope.deployment.aws import Cloud
from convscope.deployment.evidence import assemble_evidence, checked_evidence, find_evidence, read_evidence
from convscope.deployment.page import render_page
from convscope.deployment.records import Deployment, Evidence, parse_evidence
from convscope.deployment.witness import is_amazon, label_of
from convscope.errors import DeploymentError
from convscope.files import write_json
from sagemaker_emulator.server import Emulator

Json = dict[str, Any]
ACCOUNT = "417203986512"  # as AWS gives them
AMAZON = {
    "sts": {"https://sts.eu-central-1.amazonaws.com"},
    "s3": {"https://bucket.s3.eu-central-1.amazonaws.com", "https://s3.eu-central-1.amazonaws.com"},
    "sagemaker": {"https://api.sagemaker.eu-central-1.amazonaws.com", "https://api.sagemaker.eu-central-1.api.aws"},
}


def copy(evidence: Json) -> Json:
    copied: Json = json.loads(json.dumps(evidence))
    return copied


# ---------------------------------------------------------------- the label


def test_the_label_cannot_be_forged(evidence: Json, emulator: Emulator, cloud: Cloud) -> None:
    """An emulator answers with any account number, and ARNs can have any look; a deployment has no word on it."""
    cloud.account, cloud.bucket = ACCOUNT, evidence["bucket"]
    cloud.role = f"arn:aws:iam::{ACCOUNT}:role/service-role/AmazonSageMaker-ExecutionRole"
    told = {name: elsewhere(evidence)[name] for name in Deployment.model_fields}
    with pytest.raises(ValidationError, match="label"):
        Deployment.model_validate(told | {"label": "AWS"})
    forged = assemble_evidence(Deployment.model_validate(told), tiny_plan(), cloud).as_json()
    assert forged["label"] == "EMULATED"
    assert forged["account"] == ACCOUNT
    assert forged["origins"]["s3"] == [emulator.moto_url]


def elsewhere(evidence: Json) -> Json:
    """The same evidence as it would be from an account of AWS."""
    text = json.dumps(evidence).replace(evidence["account"], ACCOUNT)
    changed: Json = json.loads(text) | {"label": "AWS", "origins": {k: sorted(v) for k, v in AMAZON.items()}}
    return changed


@pytest.mark.parametrize(
    "edit",
    [
        {"label": "AWS"},
        {"origins": {"sagemaker": ["https://api.sagemaker.eu-central-1.amazonaws.com"]}},
        {"origins": {"sagemaker": ["https://api.sagemaker.eu-central-1.amazonaws.com"]}, "label": "AWS"},
        {"account": ACCOUNT},
        {"region": "us-east-1"},
        {"bucket": "another"},
    ],
)
def test_evidence_edited_in_one_place_contradicts_itself(evidence: Json, edit: Json) -> None:
    changed = copy(evidence) | edit
    if edit.keys() == {"origins"}:  # as it was: emulated
        assert label_of(changed["origins"], changed["account"]) == "EMULATED"
        return
    with pytest.raises(DeploymentError, match="contradicts itself"):
        checked_evidence(changed)


def test_answers_that_were_not_given_contradict_the_response(evidence: Json) -> None:
    for name, value in (("confidence", 0.999), ("label", "Sneaker"), ("png_base64", "iVBORw0KGgo=")):
        changed = copy(evidence)
        changed["inference"]["images"][0][name] = value
        with pytest.raises(DeploymentError, match="not those of request and response"):
            checked_evidence(changed)
    changed = copy(evidence)
    changed["inference"]["response"] = changed["inference"]["response"].replace("0.5", "0.9")
    with pytest.raises(DeploymentError, match="SHA-256 of the response"):
        checked_evidence(changed)
    changed = copy(evidence)
    changed["latency"]["median"] = 0.1
    with pytest.raises(DeploymentError, match="median latency"):
        checked_evidence(changed)


@pytest.mark.parametrize(
    "origin",
    [
        "http://127.0.0.1:5000",
        "https://evil-amazonaws.com.localhost",
        "https://evil-amazonaws.com",
        "https://amazonaws.com",
        "https://api.sagemaker.eu-central-1.amazonaws.com.localhost:443",
        "https://api.sagemaker.eu-central-1.amazonaws.com:8443",
        "https://api.sagemaker.eu-central-1.amazonaws.com@127.0.0.1",
        "https://user@api.sagemaker.eu-central-1.amazonaws.com",
        "https://sts.amazonaws.com@localhost:443",
        "https://127.0.0.1/api.sagemaker.eu-central-1.amazonaws.com",
        "https://localhost#.amazonaws.com",
        "https://localhost?.amazonaws.com",
        "http://api.sagemaker.eu-central-1.amazonaws.com",
        "https://api.sagemaker.eu-central-1.amazonaws.com:99999",
        "https://[::1].amazonaws.com]",
        "api.sagemaker.eu-central-1.amazonaws.com",
        "",
        # what AWS's customers may call their own machines, load balancers, functions, databases and pages
        "https://ec2-3-120-1-2.eu-central-1.compute.amazonaws.com",
        "https://mine-1234567890.eu-central-1.elb.amazonaws.com",
        "https://abcde12345.execute-api.eu-central-1.amazonaws.com",
        "https://mine.abc.eu-central-1.rds.amazonaws.com",
        "https://api.sagemaker.s3-website.eu-central-1.amazonaws.com",
        "https://api.sagemaker.mine.eu-central-1.elb.amazonaws.com",
    ],
)
def test_what_only_looks_like_amazon_is_none(origin: str) -> None:
    for service in ("sagemaker", "sagemaker-runtime", "sts", "iam", "s3"):
        assert not is_amazon(service, origin) or (service == "sagemaker" and origin in AMAZON["sagemaker"])
    assert label_of(AMAZON | {"sagemaker": {origin}}, ACCOUNT) == "EMULATED"


def test_a_bucket_is_no_endpoint_of_another_service() -> None:
    """Anybody can have a bucket; its host says nothing about where a job was asked for."""
    bucket = "https://api.sagemaker.s3.eu-central-1.amazonaws.com"
    assert is_amazon("s3", bucket)
    assert not is_amazon("sagemaker", bucket)
    assert not is_amazon("lambda", bucket)


@given(st.text(max_size=30))
def test_no_text_before_another_domain_makes_it_amazons(text: str) -> None:
    assert not is_amazon("s3", f"https://{text}.amazonaws.com.example.org")
    assert not is_amazon("s3", f"https://{text}amazonaws.com.localhost")


def test_the_label_is_aws_only_if_everything_is() -> None:
    assert label_of(AMAZON, ACCOUNT) == "AWS"
    assert label_of(AMAZON, "123456789012") == "EMULATED"  # moto's account, whatever the hosts
    assert label_of(AMAZON, "") == "EMULATED"
    assert label_of({}, ACCOUNT) == "EMULATED"  # nothing was asked
    assert label_of(AMAZON | {"iam": {"http://127.0.0.1:1"}}, ACCOUNT) == "EMULATED"


def test_the_origins_of_botos_own_clients_are_amazons(no_aws: None) -> None:
    """As botocore resolves them, without sending anything, in every region where SageMaker is."""
    session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b")
    regions = [
        region for partition in ("aws", "aws-cn") for region in session.get_available_regions("sagemaker", partition)
    ]
    assert len(regions) > 20
    some = ["eu-central-1", "us-east-1", "cn-north-1"]
    for service, places in {
        "sagemaker": regions,
        **dict.fromkeys(("sts", "iam", "s3", "sagemaker-runtime"), some),
    }.items():
        for region in places:
            url = session.client(service, region_name=region).meta.endpoint_url
            assert is_amazon(service, url), url
    url = session.client("s3", region_name="eu-central-1").generate_presigned_url(
        "get_object", {"Bucket": "mine", "Key": "k"}
    )
    assert is_amazon("s3", url.partition("/k?")[0])


def test_the_witness_sees_where_requests_go_and_not_what_is_configured(emulator: Emulator, cloud: Cloud) -> None:
    client = cloud.session.client("s3", region_name=cloud.region)
    before = len(cloud.witness.calls)
    client.list_buckets()
    assert cloud.witness.origins["s3"] == {emulator.moto_url}
    call = cloud.witness.calls[before]
    assert (call.service, call.operation, call.status) == ("s3", "ListBuckets", 200)
    assert call.id == cloud.witness.last_request_id("ListBuckets") != ""
    assert cloud.witness.last_request_id("NeverCalled") == ""


# ---------------------------------------------------------------- the file


def test_the_schema_is_one_and_the_evidence_fits_it(evidence: Json, tmp_path: Path) -> None:
    schema = Evidence.model_json_schema(by_alias=True)
    Draft202012Validator.check_schema(schema)
    write_json(tmp_path / "evidence.json", evidence)
    assert read_evidence(tmp_path / "evidence.json").as_json() == copy(evidence)
    Draft202012Validator(schema).validate(evidence)


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
def test_evidence_that_does_not_fit_is_refused(evidence: Json, path: tuple[str, ...], value: Any) -> None:
    changed = copy(evidence)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(DeploymentError, match="does not fit its schema"):
        checked_evidence(changed)


def test_every_part_is_required(evidence: Json) -> None:
    for key in evidence:
        with pytest.raises(DeploymentError, match="does not fit"):
            checked_evidence({name: value for name, value in evidence.items() if name != key})


def test_unreadable_evidence_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "evidence.json").write_text("{")
    for name in ("evidence.json", "absent.json"):
        with pytest.raises(DeploymentError, match="cannot be read"):
            read_evidence(tmp_path / name)


def test_hashes_images_and_requests_are_those_of_what_was_sent(evidence: Json) -> None:
    inference = evidence["inference"]
    for part in ("request", "response"):
        assert hashlib.sha256(inference[part].encode()).hexdigest() == inference[f"{part}_sha256"]
    sent = [instance["image_b64"] for instance in json.loads(inference["request"])["instances"]]
    assert sent == [image["png_base64"] for image in inference["images"]]
    pixels = tiny_plan().dataset.test.pixels
    for image in inference["images"]:
        assert base64.b64decode(image["png_base64"]) == to_png(pixels[image["index"]])
    operations = [request["operation"] for request in evidence["requests"]]
    assert operations.index("CreateModel") < operations.index("CreateEndpoint") < operations.index("DeleteEndpoint")
    assert all(request["id"] for request in evidence["requests"])


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 3]))
def test_pngs_have_the_pixels_of_their_images(seed: int, channels: int) -> None:
    import io

    image = np.random.default_rng(seed).integers(0, 256, (channels, 5, 7), np.uint8)
    decoded = np.asarray(Image.open(io.BytesIO(to_png(image))))
    np.testing.assert_array_equal(decoded.reshape(5, 7, channels).transpose(2, 0, 1), image)


# ---------------------------------------------------------------- the page


def page_of(evidence: Json) -> BeautifulSoup:
    extensions = ["admonition", "attr_list", "md_in_html", "tables", "pymdownx.superfences", "pymdownx.details"]
    return BeautifulSoup(
        markdown.markdown(render_page(parse_evidence(evidence, "evidence")), extensions=extensions), "html.parser"
    )


def test_the_page_shows_label_images_latency_and_leftovers(evidence: Json) -> None:
    page = page_of(evidence)
    title = page.select_one(".admonition .admonition-title")
    assert title is not None
    assert title.text == "EMULATED"
    assert [image for image in page.select("img") if not (image.get("width") and image.get("height"))] == []
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
    assert page_of(evidence) == page_of(copy(evidence))  # the same each time


def test_no_text_of_the_evidence_is_markup(evidence: Json) -> None:
    """Json may come from elsewhere; the page shows its texts as they are."""
    texts = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '"><script>alert(1)</script>',
        "[link](javascript:alert) ![image](http://example.org/x.png)",
        "x | y | **bold** | `code` | # title | &lt;b&gt; {: onclick=alert } {.a}",
        "</pre></details>\n\n<script>alert(1)</script>\n\n```\n# Title",
    ]
    for text in texts:
        changed = copy(evidence)
        changed["run"] |= {"title": text, "dataset": text}
        changed["steps"][0] |= {"name": text, "outcome": text}
        changed["training"]["image"] = changed["endpoint"]["image"] = changed["training"]["instance_type"] = text
        changed["versions"]["python"] = text
        changed["origins"] = {**changed["origins"], "s3": [f"http://{text}"]}
        changed["leftovers"] = [{"kind": text, "name": text}]
        for image in changed["inference"]["images"]:
            image |= {"true_label": text, "label": text}
        answer = json.loads(changed["inference"]["response"]) | {"model": {"name": text}}
        for prediction in answer["predictions"]:
            prediction["label"] = text
        changed["inference"]["response"] = json.dumps(answer)
        changed["inference"]["response_sha256"] = hashlib.sha256(changed["inference"]["response"].encode()).hexdigest()
        checked_evidence(changed)
        page, plain = page_of(changed), page_of(evidence)
        assert not page.select("script, [onerror], [onclick], a[href^=javascript], h1 ~ h1")
        tags = ("a", "img", "h1", "h2", "h3", "table", "details", "pre", "td", "code", "strong", "em")
        counted = {tag: len(page.select(tag)) for tag in tags}
        counted["strong"] = len(plain.select("strong"))  # wrong answers are bold
        assert counted == {tag: len(plain.select(tag)) for tag in tags} | {"code": counted["code"]}
        assert page.get_text().count(" ".join(text.split())) >= 8
        (block,) = [block.text for block in page.select("pre code") if '"model"' in block.text]
        assert json.loads(block)["model"]["name"] == text


def test_evidence_that_contradicts_itself_is_not_shown(evidence: Json, tmp_path: Path) -> None:
    for name, changed in (("a", copy(evidence)), ("b", elsewhere(evidence))):
        write_json(tmp_path / name / "evidence.json", changed)
    found = find_evidence([tmp_path / "a", tmp_path / "none", tmp_path / "b"])
    assert [(path.parent.name, each.label) for path, each in found] == [("b", "AWS"), ("a", "EMULATED")]
    write_json(tmp_path / "b" / "evidence.json", elsewhere(evidence) | {"account": "123456789012"})
    with pytest.raises(DeploymentError, match=r"b/evidence\.json contradicts itself"):
        find_evidence([tmp_path / "a", tmp_path / "b"])


def test_the_page_names_what_is_left_and_what_is_aws(evidence: Json) -> None:
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
