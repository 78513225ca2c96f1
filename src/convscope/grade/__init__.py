"""The grade sheet: what the assignment asks for, and the evidence that a build has for it."""
