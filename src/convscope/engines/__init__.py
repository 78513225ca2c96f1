"""How a run is trained: PyTorch, or NumPy alone."""

ENGINE_REVISION = 1
"""Part of every run's key: raise it when a change alters what training computes, and stored results go stale."""
