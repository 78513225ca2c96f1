"""Speaks to an endpoint: images in, classes out, with what it takes to check both."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convscope.datasets.png import to_png
from convscope.deployment.artefact import Artefact
from convscope.deployment.plan import Plan
from convscope.deployment.records import AnsweredImage, ComparedAnswers, Inference, Latency
from convscope.errors import DeploymentError
from convscope.files import Json

SHOWN_IMAGES = 8
COMPARED_IMAGES = 500  # one batch of the evaluation after training: the same batch gives the same bits
JSON_TYPE = "application/json"

Invoke = Callable[[bytes], tuple[bytes, str]]
"""Sends a body and returns the answer's body and the id of the request."""


@dataclass(frozen=True)
class Exchange:
    """A request and its answer."""

    request: bytes
    response: bytes
    request_id: str

    @property
    def predictions(self) -> list[Json]:
        """One entry an image."""
        try:
            predictions: list[Json] = json.loads(self.response)["predictions"]
        except (ValueError, KeyError, TypeError) as error:
            raise DeploymentError(f"The endpoint's answer cannot be understood: {self.response[:200]!r}.") from error
        return predictions


def request_body(images: NDArray[np.uint8]) -> bytes:
    """Return the JSON request for images (N, C, H, W)."""
    instances = [{"image_b64": base64.b64encode(to_png(image)).decode()} for image in images]
    return json.dumps({"instances": instances}).encode()


def exchange(invoke: Invoke, images: NDArray[np.uint8]) -> Exchange:
    """Ask for the classes of images (N, C, H, W).

    Raises DeploymentError: the answer has not one prediction an image.
    """
    body = request_body(images)
    answered = Exchange(body, *invoke(body))
    if len(answered.predictions) != len(images):
        raise DeploymentError(f"{len(images)} images were sent, {len(answered.predictions)} predictions came back.")
    return answered


def test_on_random_images(invoke: Invoke, plan: Plan) -> Inference:
    """Ask for a few test images drawn at random; keep request and answer whole."""
    seed = secrets.randbelow(2**32)
    tested = len(plan.local.predictions)
    count = min(SHOWN_IMAGES, tested)
    chosen = np.sort(np.random.default_rng(seed).choice(tested, count, replace=False))
    images = plan.dataset.test.pixels[chosen]
    answered = exchange(invoke, images)
    names = plan.dataset.class_names
    shown = []
    for index, image, prediction in zip(chosen, images, answered.predictions, strict=True):
        true, local = int(plan.dataset.test.labels[index]), int(plan.local.predictions[index])
        shown.append(
            AnsweredImage(
                index=int(index),
                png_base64=base64.b64encode(to_png(image)).decode(),
                true_class=true,
                true_label=names[true],
                predicted_class=prediction["predicted_class"],
                label=prediction["label"],
                confidence=prediction["confidence"],
                local_class=local,
                local_label=names[local],
                local_confidence=float(plan.local.confidences[index]),
            )
        )
    return Inference(
        seed=seed,
        content_type=JSON_TYPE,
        request=answered.request.decode(),
        request_sha256=hashlib.sha256(answered.request).hexdigest(),
        request_id=answered.request_id,
        response=answered.response.decode(),
        response_sha256=hashlib.sha256(answered.response).hexdigest(),
        images=shown,
    )


def compare(invoke: Invoke, plan: Plan, artefact: Artefact) -> ComparedAnswers:
    """Ask for many test images in one request and compare with the model's own predictions, value by value.

    Those are the local run's where the job's training gave the same weights to the bit, else the artefact's model
    is evaluated here.
    """
    count = min(COMPARED_IMAGES, len(plan.local.predictions))
    images = plan.dataset.test.pixels[:count]
    repeated = artefact.weights.keys() == plan.local.weights.keys() and all(
        np.array_equal(array, plan.local.weights[name]) for name, array in artefact.weights.items()
    )
    if repeated:
        classes = plan.local.predictions[:count].astype(np.int64)
        confidences = plan.local.confidences[:count]
    else:
        classes, confidences = _evaluated_here(artefact, images)
    answered = exchange(invoke, images).predictions
    theirs = np.array([prediction["confidence"] for prediction in answered], np.float32)
    same = np.array([prediction["predicted_class"] for prediction in answered]) == classes
    return ComparedAnswers(
        images=count,
        against="the predictions of the local run" if repeated else "the artefact's model, evaluated here",
        weights_identical=bool(repeated),
        same_class=int(same.sum()),
        largest_confidence_difference=float(np.abs(theirs - confidences).max()),
        identical=bool(same.all() and np.array_equal(theirs, confidences)),
    )


def _evaluated_here(artefact: Artefact, images: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    from convscope.deployment.serving.predictor import Predictor  # imports torch

    predictions = Predictor(artefact).predict(images.astype(np.float32))
    return (
        np.array([prediction.predicted_class for prediction in predictions], np.int64),
        np.array([prediction.confidence for prediction in predictions], np.float32),
    )


def measure_latency(invoke: Invoke, plan: Plan) -> Latency:
    """Send single images one after the other; milliseconds from the call to its answer, as a client sees them."""
    milliseconds: list[float] = []
    tested = len(plan.local.predictions)
    for call in range(plan.options.latency_calls):
        body = request_body(plan.dataset.test.pixels[call % tested][np.newaxis])
        started = time.perf_counter()
        invoke(body)
        milliseconds.append(round((time.perf_counter() - started) * 1000, 2))
    ordered = sorted(milliseconds)
    return Latency(
        calls=len(milliseconds),
        milliseconds=milliseconds,
        median=statistics.median(ordered),
        p95=ordered[-(-95 * len(ordered) // 100) - 1],
        largest=ordered[-1],
    )
