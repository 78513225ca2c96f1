"""Sees every request that AWS clients send: to which host, under which id. The evidence label follows from it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

Label = Literal["EMULATED", "AWS"]

# Domains that Amazon alone hands out, for its services' endpoints.
_DOMAINS = ("amazonaws.com", "amazonaws.com.cn", "api.aws")
EMULATED_ACCOUNTS = ("123456789012", "000000000000")  # moto's and LocalStack's; AWS gives them to nobody


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
    """

    service: str
    operation: str
    request_id: str
    status: int


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

    def watch(self, session: Any) -> None:
        """Watch every client that a boto3 session makes from now on."""
        session.events.register("before-send", self._sent)
        session.events.register("after-call", self._answered)

    def _sent(self, request: Any, event_name: str, **_: object) -> None:
        # event_name is "before-send.sagemaker.CreateModel"
        parts = urlsplit(request.url)
        with self._lock:
            self.origins.setdefault(event_name.split(".")[1], set()).add(f"{parts.scheme}://{parts.netloc}")

    def _answered(self, http_response: Any, parsed: Any, model: Any, **_: object) -> None:
        facts = parsed.get("ResponseMetadata", {})
        call = Call(
            model.service_model.service_id.hyphenize(),
            model.name,
            facts.get("RequestId", ""),
            http_response.status_code,
        )
        with self._lock:
            self.calls.append(call)

    def last_request_id(self, operation: str) -> str:
        """Id of the last request of an operation; empty where there was none."""
        return next((call.request_id for call in reversed(self.calls) if call.operation == operation), "")

    def label(self, account: str) -> Label:
        """Tell what the evidence is of: AWS only if nothing but AWS was spoken to.

        Every request must have gone to a host of Amazon's domains, under TLS at its usual port, and the account must
        not be an emulator's.
        """
        origins = [origin for found in self.origins.values() for origin in found]
        is_aws = bool(origins) and all(map(is_amazon, origins)) and account not in EMULATED_ACCOUNTS
        return "AWS" if is_aws else "EMULATED"


def is_amazon(origin: str) -> bool:
    """Tell whether scheme, host and port are those of an AWS endpoint."""
    try:
        parts = urlsplit(origin)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return False
    below = any(host.endswith(f".{domain}") for domain in _DOMAINS)
    return parts.scheme == "https" and port in (None, 443) and parts.username is None and below
