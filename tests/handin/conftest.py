"""A submission of the smoke build, made once a session, and unpacked again for each test."""

from submitted import submitted, unpacked

__all__ = ["submitted", "unpacked"]
