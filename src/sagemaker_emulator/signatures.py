"""Signature Version 4: only who has the emulator's secret is answered.

Whoever may send requests runs code as this user, and loopback is open to all users of a machine. The signature is made
again with botocore's own signer, from what arrived, and compared.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from sagemaker_emulator.validation import Refusal

_CLOCK_SKEW = timedelta(minutes=15)  # AWS's own limit
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,]+)/(?P<date>\d{8})/(?P<region>[\w-]+)/(?P<service>[\w-]+)/"
    r"aws4_request, ?SignedHeaders=(?P<headers>[\w;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_PAYLOAD = "x-amz-content-sha256"


def new_credentials() -> Credentials:
    """Make a key and a secret for one emulator."""
    return Credentials(f"AKEMULATED{secrets.token_hex(5).upper()}", secrets.token_urlsafe(30))


def check_signature(credentials: Credentials, method: str, url: str, headers: Mapping[str, str], body: bytes) -> None:
    """Check a request's signature.

    Raises Refusal: it is not signed, or wrongly, or too long ago.

    Parameters
    ----------
    method, url, body
        As they arrived; the address with its escapes.
    """
    given = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if given is None:
        raise Refusal("Missing Authentication Token", "MissingAuthenticationTokenException", 403)
    if given["key"] != credentials.access_key:
        raise Refusal("The security token included in the request is invalid.", "UnrecognizedClientException", 403)
    names = given["headers"].split(";")
    stamp = headers.get("x-amz-date", "")
    needed = {"host", "x-amz-date"} | ({_PAYLOAD} & headers.keys())
    if not needed <= set(names) or not _is_recent(stamp) or not stamp.startswith(given["date"]):
        raise Refusal(
            f"Signature expired or incomplete: it is of {stamp or 'no time'}.", "InvalidSignatureException", 403
        )
    stated = headers.get(_PAYLOAD, "")
    if stated and not hmac.compare_digest(stated, hashlib.sha256(body).hexdigest()):
        raise Refusal("The body is not the one that was signed.", "XAmzContentSHA256Mismatch", 400)
    signer = S3SigV4Auth if given["service"] == "s3" else SigV4Auth
    auth = signer(credentials, given["service"], given["region"])
    request = AWSRequest(method, url, {name: headers.get(name, "") for name in names}, body)
    request.context["timestamp"] = stamp
    expected = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    if not hmac.compare_digest(expected, given["signature"]):
        raise Refusal(
            "The request signature we calculated does not match the signature you provided.",
            "InvalidSignatureException",
            403,
        )


def _is_recent(stamp: str) -> bool:
    try:
        signed = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs(datetime.now(UTC) - signed) <= _CLOCK_SKEW
