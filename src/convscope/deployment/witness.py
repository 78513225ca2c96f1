"""Sees every request that AWS clients send: to which host, under which id. The evidence label follows from it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Call:
    """One answered request.

    Parameters
    ----------
    service, operation
        ``"sagemaker"`` and ``"CreateModel"``.
    request_id
        By which the provider knows it.
    status
        Of HTTP.
    time, seconds
        When it was sent (ISO 8601, UTC), and how long its answer took.
    arn
        Of what it made; empty where the answer names nothing.
    """

    service: str
    operation: str
    request_id: str
    status: int
    time: str = ""
    seconds: float = 0.0
    arn: str = ""


@dataclass
class Witness:
    """What the clients of one session really did.

    Parameters
    ----------
    origins
        Scheme, host and port of every request sent, by service.
    calls
        Answered requests, oldest first.
    """

    origins: dict[str, set[str]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
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
        call = Call(
            model.service_model.service_id.hyphenize(),
            model.name,
            facts.get("RequestId", ""),
            http_response.status_code,
            utc(began),
            round(time.monotonic() - since, 4),
            next((value for name, value in parsed.items() if name.endswith("Arn") and isinstance(value, str)), ""),
        )
        with self._lock:
            self.calls.append(call)

    def last_request_id(self, operation: str) -> str:
        """Id of the last request of an operation; empty where there was none."""
        return next((call.request_id for call in reversed(self.calls) if call.operation == operation), "")


def utc(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
