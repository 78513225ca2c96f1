"""To begin with: a study of one's own, and the edition for a course."""
