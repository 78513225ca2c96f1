"""Checks that compute something; report/assignment.yml names them. What only has to be shown stands there by itself."""

from convscope.grade.checks import built, checkout, deployed, studies  # noqa: F401  # their checks register themselves
from convscope.grade.checks.registry import CHECKS

__all__ = ["CHECKS"]
