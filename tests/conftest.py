"""Makes the helpers beside this file importable from tests in sub-folders."""
