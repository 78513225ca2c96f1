"""Finds and removes what deployments made: one deployment's own, or all that were left over."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from convscope.deployment.aws import Cloud, is_absent, poll
from convscope.deployment.journal import Journal, journals
from convscope.deployment.plan import PREFIX, S3_FOLDER, TAG, belongs_to
from convscope.deployment.records import Leftover
from convscope.errors import DeploymentError
from convscope.files import Json

_DELETION_SECONDS = 900
_SETTLING_SECONDS = 2.0  # until a request that was cut off has taken effect
_RUNNING = {"InProgress", "Stopping"}
_BUSY = "in-progress"  # "Cannot update in-progress endpoint": it is to be asked again


SWEEP = "Run `convscope deploy sweep`; endpoints cost money for as long as they run."


def still_there(left: Iterable[Leftover]) -> str:
    """Name what is left over."""
    return "Still there: " + ", ".join(f"{thing.kind} {thing.name}" for thing in left)


# As boto3 spells them; in the order of deletion: nothing is removed while something that rests on it runs.
KINDS = {"Endpoint": "endpoint", "EndpointConfig": "endpoint_config", "Model": "model", "TrainingJob": "training_job"}


def inventory(cloud: Cloud, keep: Callable[[str], bool], prefix: str = PREFIX) -> list[Leftover]:
    """List what is there and costs something: endpoints, configs, models, running jobs, S3 objects and uploads.

    Parameters
    ----------
    keep
        Tells for a resource's name, or an S3 folder's, whether it counts.
    """
    found: list[Leftover] = []
    for kind in KINDS:
        for name in _names(cloud, kind, prefix):
            if keep(name):
                found.append(Leftover(kind=kind, name=name))
    for key, _ in _objects(cloud, f"{S3_FOLDER}{prefix}"):
        if keep(key.removeprefix(S3_FOLDER).partition("/")[0]):
            found.append(Leftover(kind="S3", name=key))
    return found


def tear_down(cloud: Cloud, journal: Journal, report: Callable[[str], None]) -> list[Leftover]:
    """Remove everything of one deployment, and return what is left, which should be nothing.

    Parameters
    ----------
    journal
        Its intentions; forgotten when nothing is left.
    """
    own = journal.deployment
    intents = journal.intents()
    time.sleep(_SETTLING_SECONDS if journal.last_event() == "create" else 0)  # not answered: its effect is not known

    def mine(name: str) -> bool:
        return belongs_to(name, own)

    intended = [Leftover(kind=kind, name=name) for kind, name in intents if kind in KINDS]
    tried = {*intended, *inventory(cloud, mine, own)}
    remove(cloud, tried, report)
    left = inventory(cloud, mine, own)
    if new := set(left) - tried:  # a job that is stopped still uploads what it has saved
        remove(cloud, new, report)
        left = inventory(cloud, mine, own)
    if not left:
        journal.remove()
    return left


def sweep(cloud: Cloud, folders: Iterable[Path], report: Callable[[str], None]) -> list[Leftover]:
    """Remove what killed deployments left, by their journals, and by name and tag where no journal is.

    Deployments whose process is alive on this machine are left alone.
    """
    active: set[str] = set()
    for journal in (journal for folder in folders for journal in journals(folder)):
        if journal.is_active:
            active.add(journal.deployment)
            report(f"{journal.deployment} is running and is left alone")
        elif (place := journal.account()).get("account") == cloud.account and place["region"] == cloud.region:
            tear_down(replace(cloud, bucket=place["bucket"]), journal, report)
        elif place:
            report(f"{journal.deployment} is in account {place['account']}, {place['region']}: not looked at")
        else:
            journal.remove()  # it had not begun

    def orphaned(name: str) -> bool:
        return not any(belongs_to(name, deployment) for deployment in active)

    found = inventory(cloud, orphaned)
    remove(cloud, [leftover for leftover in found if _has_tag(cloud, leftover)], report)
    return [leftover for leftover in inventory(cloud, orphaned) if _has_tag(cloud, leftover)]


def remove(cloud: Cloud, things: Iterable[Leftover], report: Callable[[str], None]) -> None:
    """Remove things; what is gone already is no error, and a failure stops none of the others."""
    ordered = sorted(set(things), key=lambda thing: (*KINDS, "S3").index(thing.kind))
    for thing in ordered:
        try:
            if _remove(cloud, thing):
                report(f"{thing.kind} {thing.name} removed")
        except (ClientError, BotoCoreError, DeploymentError) as error:
            print(f"{thing.kind} {thing.name} cannot be removed: {error}", file=sys.stderr)


def _remove(cloud: Cloud, thing: Leftover) -> bool:
    """Remove one thing and wait until it is gone; return whether it was there."""
    if thing.kind == "S3":
        _remove_object(cloud, thing.name)
        return True
    if thing.kind == "TrainingJob":
        return _stop_job(cloud, thing.name)

    def deleted() -> bool:
        try:
            _call(cloud, "delete", thing)
        except ClientError as error:
            if _BUSY in str(error):
                return False
            raise
        return True

    try:
        poll(deleted, _DELETION_SECONDS, f"Deleting {thing.kind} {thing.name}")
    except ClientError as error:
        if is_absent(error):
            return False
        raise
    if thing.kind == "Endpoint":
        poll(lambda: _is_gone(cloud, thing), _DELETION_SECONDS, f"The end of endpoint {thing.name}")
    return True


def _call(cloud: Cloud, verb: str, thing: Leftover) -> Json:
    """Describe, delete or stop a resource."""
    operation = getattr(cloud.sagemaker, f"{verb}_{KINDS[thing.kind]}")
    answer: Json = operation(**{f"{thing.kind}Name": thing.name})
    return answer


def _stop_job(cloud: Cloud, name: str) -> bool:
    """Stop a training job; AWS keeps the record of a job for good, without cost."""
    job = Leftover(kind="TrainingJob", name=name)

    def runs() -> bool:
        return _call(cloud, "describe", job)["TrainingJobStatus"] in _RUNNING

    try:
        if not runs():
            return False
        _call(cloud, "stop", job)
    except ClientError as error:
        if is_absent(error) or "in status" in str(error):  # it was never made, or it ended just now
            return False
        raise
    poll(lambda: not runs(), _DELETION_SECONDS, f"Stopping {name}")
    return True


def _is_gone(cloud: Cloud, thing: Leftover) -> bool:
    try:
        _call(cloud, "describe", thing)
    except ClientError as error:
        if is_absent(error):
            return True
        raise
    return False


def _names(cloud: Cloud, kind: str, prefix: str) -> list[str]:
    """Names of a kind with a prefix; of training jobs those that have not ended."""
    pages = cloud.sagemaker.get_paginator(f"list_{KINDS[kind]}s").paginate(NameContains=prefix)
    entries = pages.build_full_result()["TrainingJobSummaries" if kind == "TrainingJob" else f"{kind}s"]
    return [
        entry[f"{kind}Name"]
        for entry in entries
        if entry[f"{kind}Name"].startswith(prefix) and (kind != "TrainingJob" or entry["TrainingJobStatus"] in _RUNNING)
    ]


def _objects(cloud: Cloud, prefix: str) -> list[tuple[str, str]]:
    """Keys below a prefix, each with a version or, for an upload that was cut off, its id."""
    found: list[tuple[str, str]] = []
    for page in cloud.s3.get_paginator("list_object_versions").paginate(Bucket=cloud.bucket, Prefix=prefix):
        for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            found.append((entry["Key"], entry["VersionId"]))
    for page in cloud.s3.get_paginator("list_multipart_uploads").paginate(Bucket=cloud.bucket, Prefix=prefix):
        for entry in page.get("Uploads", ()):
            found.append((entry["Key"], f"upload {entry['UploadId']}"))
    return found


def _remove_object(cloud: Cloud, key: str) -> None:
    for found, version in _objects(cloud, key):
        if found != key:
            continue
        kind, _, upload = version.partition(" ")
        if kind == "upload":
            cloud.s3.abort_multipart_upload(Bucket=cloud.bucket, Key=key, UploadId=upload)
        else:
            cloud.s3.delete_object(Bucket=cloud.bucket, Key=key, VersionId=version)


def _has_tag(cloud: Cloud, thing: Leftover) -> bool:
    """Tell whether a resource is tagged as this project's; what lies in the S3 folder of the project is."""
    if thing.kind == "S3":
        return True
    try:
        arn = _call(cloud, "describe", thing)[f"{thing.kind}Arn"]
        found = cloud.sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn).build_full_result()
    except ClientError as error:
        if is_absent(error):
            return False
        raise
    return any((tag["Key"], tag["Value"]) == TAG for tag in found["Tags"])
