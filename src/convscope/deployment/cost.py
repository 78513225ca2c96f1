"""What a deployment would cost on AWS, from rates that are assumed and say so."""

from __future__ import annotations

from typing import Any

# Of the order that AWS asks in us-east-1 for these; nobody looked them up for a build. The deployment guide says where
# the current ones are.
ASSUMED = "2026-11-21"
USD_AN_HOUR = 0.115  # ml.m5.large, for training and as an endpoint
USD_A_SERVERLESS_SECOND = 0.00006  # 3 GB of memory
USD_A_GB_MONTH_S3 = 0.023
USD_A_GB_MONTH_ECR = 0.10

TRAINING_SECONDS = 600  # a machine of AWS starts in minutes; the emulator's seconds say nothing about it
ANSWER_SECONDS = 0.2
FIRST_ANSWER_SECONDS = 30  # a serverless endpoint starts its container when it is first asked
IMAGES_GB = 1.0
HOURS_A_MONTH = 730


def estimate(requests: int, stored_bytes: int) -> dict[str, Any]:
    """Estimate the cost of one deployment on AWS.

    Parameters
    ----------
    requests
        Sent to the endpoint.
    stored_bytes
        In S3: code, data and artefact; for an hour.

    Returns
    -------
    dict
        ``assumed`` (the day), ``region``, ``parts`` (each with amount, unit, rate and cost in USD), ``total``, and what
        goes on: ``images_a_month``, and ``forgotten_a_month``, of an endpoint on a machine that nobody deletes.
    """
    parts = [
        _part("Training, ml.m5.large", TRAINING_SECONDS / 3600, "hours", USD_AN_HOUR),
        _part(
            "Serverless endpoint, 3 GB", FIRST_ANSWER_SECONDS + ANSWER_SECONDS * requests, "seconds",
            USD_A_SERVERLESS_SECOND,
        ),
        _part("S3", stored_bytes / 1e9, "GB for an hour", USD_A_GB_MONTH_S3 / HOURS_A_MONTH),
    ]  # fmt: skip
    return {
        "assumed": ASSUMED,
        "region": "us-east-1",
        "parts": parts,
        "total": sum(part["usd"] for part in parts),
        "images_a_month": IMAGES_GB * USD_A_GB_MONTH_ECR,
        "forgotten_a_month": HOURS_A_MONTH * USD_AN_HOUR,
    }


def _part(name: str, amount: float, unit: str, rate: float) -> dict[str, Any]:
    return {"part": name, "amount": amount, "unit": unit, "rate": rate, "usd": amount * rate}
