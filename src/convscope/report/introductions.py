"""Which chapter introduces a data set, where several studies rest on it."""

from convscope.files import Json


def introductions(studies: Json) -> dict[str, str]:
    """Return, for each study that ran, the one whose chapter shows its images: the first with decisions.

    Parameters
    ----------
    studies
        The part of metrics.json by that name.
    """
    ran = {name: study for name, study in studies.items() if study.get("status") == "run"}
    first: dict[str, str] = {}
    for name, study in ran.items():
        if study.get("decisions"):
            first.setdefault(study["dataset"], name)
    return {name: first.get(study["dataset"], name) if study.get("decisions") else name for name, study in ran.items()}
