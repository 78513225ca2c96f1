"""A bundle is written while no other command builds in the checkout."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock, Timeout

from convscope import cli
from convscope.build.project import Project
from convscope.handin import bundle


def test_a_bundle_is_written_under_the_lock_of_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_bundle(*_: object, **__: object) -> SimpleNamespace:
        with pytest.raises(Timeout):
            FileLock(tmp_path / "build" / ".lock").acquire(timeout=0)
        path = tmp_path / "submission.zip"
        path.write_bytes(b"")
        return SimpleNamespace(changed=(), included=(), left_out=(), path=path, files=0, seal="")

    monkeypatch.setattr(bundle, "identify", lambda *_, **__: None)
    monkeypatch.setattr(bundle, "last_selection", lambda *_: "")
    monkeypatch.setattr(bundle, "write_bundle", write_bundle)
    monkeypatch.setattr(Project, "missing", lambda _: [])
    monkeypatch.setattr(cli, "Runner", lambda _: SimpleNamespace(all=lambda: None))
    cli.submit(Project(tmp_path, "smoke"), weights=False)
    assert (tmp_path / "submission.zip").is_file()
