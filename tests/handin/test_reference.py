"""What submissions are held against: a commit of the lecturer's checkout, or a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkout import ROOT
from convscope.errors import ConvscopeError
from convscope.handin.verify_many import standard_of


def test_a_commit_that_the_checkout_does_not_have_is_named(tmp_path: Path) -> None:
    unknown = "0123456789abcdef0123456789abcdef01234567"
    with pytest.raises(ConvscopeError, match=f"no commit '{unknown}'") as raised:
        standard_of(ROOT, unknown)
    assert "--reference" in raised.value.hint
    with pytest.raises(ConvscopeError, match="no src/convscope"):
        standard_of(ROOT, str(tmp_path))
