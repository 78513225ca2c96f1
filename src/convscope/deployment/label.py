"""AWS or EMULATED: the one rule that tells what a deployment's evidence is of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal
from urllib.parse import urlsplit

Label = Literal["EMULATED", "AWS"]

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
