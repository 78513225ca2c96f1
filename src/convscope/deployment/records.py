"""The records of evidence.json, typed and frozen; its JSON Schema is generated from them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from convscope.errors import DeploymentError
from convscope.files import Json
from convscope.records import Fraction, Record, Whole

SCHEMA = 2
Label = Literal["EMULATED", "AWS"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Arn = Annotated[str, Field(pattern=r"^arn:aws")]
S3Uri = Annotated[str, Field(pattern=r"^s3://")]
Time = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
Png = Annotated[str, Field(pattern=r"^iVBOR[0-9A-Za-z+/]*=*$")]
Amount = Annotated[float, Field(ge=0)]


class Run(Record):
    """What was deployed, and its test accuracy as trained on this machine."""

    title: str
    study: str
    variant: str
    dataset: str
    key: Sha256
    test_accuracy: Fraction


class Stop(Record):
    """One stop of the way; seconds until its outcome, and as name an ARN or an address in S3."""

    stop: str
    call: str
    status: int
    id: str
    time: str
    seconds: Amount
    outcome: str
    name: str


class CostPart(Record):
    """One part of the estimated cost, in USD."""

    part: str
    amount: Amount
    unit: str
    rate: Amount
    usd: Amount


class Cost(Record):
    """What a deployment would cost on AWS at rates of a day, and what goes on: images, a forgotten endpoint."""

    assumed: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
    region: str
    parts: Annotated[list[CostPart], Field(min_length=1)]
    total: Amount
    images_a_month: Amount
    forgotten_a_month: Amount


class Request(Record):
    """One answered request: its HTTP status, when it was sent, how long its answer took, the ARN of what it made."""

    service: str
    operation: str
    id: str
    status: int
    time: str
    seconds: Amount
    arn: str


class TimedStep(Record):
    """One step of the client, in seconds since the start."""

    name: str
    began: Amount
    seconds: Amount
    outcome: str


class UploadedCode(Record):
    """The code that the training job ran."""

    sha256: Sha256
    bytes: Whole
    uri: S3Uri


class Transition(Record):
    """A status that something came into."""

    status: str
    time: Time


class Training(Record):
    """The training job."""

    arn: Arn
    image: str
    instance_type: str
    billable_seconds: Whole
    transitions: Annotated[list[Transition], Field(min_length=1)]


class ModelArchive(Record):
    """The archive that the job left, and what is in it."""

    uri: S3Uri
    bytes: Whole
    sha256: Sha256
    content_sha256: Sha256
    run_key: Sha256
    test_accuracy: Fraction


class Endpoint(Record):
    """The endpoint, its model and its machine."""

    arn: Arn
    model_arn: Arn
    image: str
    variant: Json
    transitions: Annotated[list[Transition], Field(min_length=1)]


class AnsweredImage(Record):
    """One test image of the request, with the endpoint's answer and that of the run trained here."""

    index: Whole
    png_base64: Png
    true_class: Whole
    true_label: str
    predicted_class: Whole
    label: str
    confidence: Fraction
    local_class: Whole
    local_label: str
    local_confidence: Fraction


class Inference(Record):
    """One request with its answer, whole."""

    seed: Whole
    content_type: str
    request: str
    request_sha256: Sha256
    request_id: str
    response: str
    response_sha256: Sha256
    images: Annotated[list[AnsweredImage], Field(min_length=1)]


class ComparedAnswers(Record):
    """Many answers beside the model's own predictions."""

    images: Whole
    against: str
    weights_identical: bool
    same_class: Whole
    largest_confidence_difference: Fraction
    identical: bool


class Latency(Record):
    """Times of single images, one after the other, as a client sees them."""

    calls: Whole
    milliseconds: Annotated[list[Amount], Field(min_length=1)]
    median: Amount
    p95: Amount
    largest: Amount


class Leftover(Record):
    """Something that a deployment made and that is still there."""

    kind: str  # ``"Endpoint"``, ``"EndpointConfig"``, ``"Model"``, ``"TrainingJob"`` (one that still runs), ``"S3"``
    name: str  # of the resource; of an S3 object its key


class Deployment(Record):
    """What a deployment did, from its first step to its last, and what it was answered."""

    name: Annotated[str, Field(pattern=r"^convscope-", max_length=63)]
    started: Time
    finished: Time
    steps: Annotated[list[TimedStep], Field(min_length=1)]
    code: UploadedCode
    training: Training
    artefact: ModelArchive
    endpoint: Endpoint
    inference: Inference
    comparison: ComparedAnswers
    latency: Latency
    leftovers: list[Leftover]


class Computed(Record):
    """What follows from a deployment's requests and from this machine."""

    schema_: Annotated[Literal[2], Field(alias="schema")]
    label: Label
    origins: Annotated[dict[str, list[Annotated[str, Field(pattern=r"^https?://")]]], Field(min_length=1)]
    account: Annotated[str, Field(pattern=r"^\d{12}$")]
    region: str
    bucket: str
    role: Arn
    run: Run
    way: Annotated[list[Stop], Field(min_length=1)]
    cost: Cost
    versions: dict[str, str]
    requests: list[Request]
    request_counts: dict[str, Whole]


class Evidence(Deployment, Computed):  # in the file what is computed comes first, as the last base does
    """What one deployment proves; its label is computed from origins and account."""


def parse_evidence(value: Any, name: str) -> Evidence:
    """Turn JSON values into evidence.

    Raises DeploymentError: they do not fit; the message names the place.
    """
    try:
        return Evidence.model_validate(value)
    except ValidationError as error:
        raise DeploymentError(misfit(error, name), "Deploy again; evidence edited by hand is none.") from None


def misfit(error: ValidationError, name: str) -> str:
    """Say where something does not fit its schema."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{name} does not fit its schema at {'/'.join(map(str, ('', *first['loc']))) or '/'}: {first['msg']}."
