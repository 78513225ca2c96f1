"""Sees every request that AWS clients send: to which host, under which id; the evidence's label follows from it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from convscope.deployment.records import Label, Request

EMULATED_ACCOUNTS = ("123456789012", "000000000000")  # moto's and LocalStack's; AWS gives them to nobody

# The hosts of the services' own endpoints. A domain alone says little: customers get names below amazonaws.com for
# their machines, load balancers and functions (ec2-….compute, ….elb, ….execute-api).
_REGION = r"[a-z]{2}(-[a-z]+)+-\d"
_DOMAIN = r"(amazonaws\.com|amazonaws\.com\.cn|api\.aws)"
_ENDPOINTS = {
    "iam": rf"iam(-fips)?(\.{_REGION}|\.global)?",
    "s3": rf"([a-z0-9][a-z0-9.-]+\.)?s3(-fips)?(\.dualstack)?(\.{_REGION})?",  # with the bucket in front
    "sagemaker": rf"api(-fips)?\.sagemaker\.{_REGION}",
    "sagemaker-runtime": rf"runtime(-fips)?\.sagemaker\.{_REGION}",
    "sts": rf"sts(-fips)?(\.{_REGION})?",
}


def label_of(origins: Mapping[str, Iterable[str]], account: str) -> Label:
    """Tell what evidence is of: AWS only if nothing but AWS was spoken to.

    Parameters
    ----------
    origins
        Scheme, host and port of every request sent, by service.
    account
        It must not be an emulator's.
    """
    sent = [(service, origin) for service, found in origins.items() for origin in found]
    is_aws = bool(sent) and all(is_amazon(service, origin) for service, origin in sent)
    return "AWS" if is_aws and re.fullmatch(r"\d{12}", account) and account not in EMULATED_ACCOUNTS else "EMULATED"


def is_amazon(service: str, origin: str) -> bool:
    """Tell whether scheme, host and port are those of the endpoint that AWS has for a service, under TLS."""
    try:
        parts = urlsplit(origin)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    endpoint = re.fullmatch(rf"{_ENDPOINTS.get(service, '(?!)')}\.{_DOMAIN}", host)
    return parts.scheme == "https" and port in (None, 443) and "@" not in parts.netloc and endpoint is not None


@dataclass
class Witness:
    """What the clients of one session really did."""

    # scheme, host and port of every request sent, by service
    origins: dict[str, set[str]] = field(default_factory=dict)
    calls: list[Request] = field(default_factory=list)  # answered requests, oldest first
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _sending: threading.local = field(default_factory=threading.local, repr=False)

    def watch(self, session: Any) -> None:
        """Watch every client that a boto3 session makes from now on."""
        session.events.register("before-send", self._sent)
        session.events.register("after-call", self._answered)

    def _sent(self, request: Any, event_name: str, **_: object) -> None:
        # event_name is "before-send.sagemaker.CreateModel"
        parts = urlsplit(request.url)
        self._sending.since = (datetime.now(UTC), time.monotonic())  # answered in the same thread
        with self._lock:
            self.origins.setdefault(event_name.split(".")[1], set()).add(f"{parts.scheme}://{parts.netloc}")

    def _answered(self, http_response: Any, parsed: Any, model: Any, **_: object) -> None:
        facts = parsed.get("ResponseMetadata", {})
        began, since = self._sending.since
        call = Request(
            service=model.service_model.service_id.hyphenize(),
            operation=model.name,
            id=facts.get("RequestId", ""),
            status=http_response.status_code,
            time=utc(began),
            seconds=round(time.monotonic() - since, 4),
            arn=next((value for name, value in parsed.items() if name.endswith("Arn") and isinstance(value, str)), ""),
        )
        with self._lock:
            self.calls.append(call)

    def last_request_id(self, operation: str) -> str:
        """Id of the last request of an operation; empty where there was none."""
        return next((call.id for call in reversed(self.calls) if call.operation == operation), "")


def utc(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
