"""Two checklists of the field, answered from what was built: reproducibility of a paper, completeness of its code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from convscope.submission import checklist_answers as answers
from convscope.submission.artefacts import Absent
from convscope.submission.chapters import Build
from convscope.submission.checklist_answers import Answered


@dataclass(frozen=True)
class Question:
    """One question, and what answers it; an `Absent` makes the answer no."""

    text: str
    answer: Callable[[Build], Answered]


@dataclass(frozen=True)
class Checklist:
    """Questions after a checklist that others published."""

    title: str
    about: str
    source: str
    link: str
    questions: tuple[Question, ...]

    def answered(self, build: Build) -> dict[str, Any]:
        """Answer every question for a build."""
        items = []
        for question in self.questions:
            try:
                found = question.answer(build)
            except Absent as absent:
                found = Answered("no", f"{str(absent)[:1].upper()}{str(absent)[1:]}.")
            items.append({"question": question.text, **asdict(found)})
        return {
            "title": self.title, "about": self.about, "source": self.source, "link": self.link, "questions": items,
        }  # fmt: skip


CHECKLISTS: Sequence[Checklist] = (
    Checklist(
        "Reproducibility",
        "What reviewers of machine learning papers ask.",
        "NeurIPS Paper Checklist",
        "https://neurips.cc/public/guides/PaperChecklist",
        (
            Question("Do the claims say what was shown, and no more?", answers.claims),
            Question("Are limitations named?", answers.limitations),
            Question("Does each theoretical result come with its assumptions and a proof?", answers.theory),
            Question("Is everything given that is needed to repeat the experiments?", answers.reproducible),
            Question("Are code and data open, with instructions?", answers.open_access),
            Question("Are splits, hyperparameters and their choice given?", answers.details),
            Question("Are there error bars, and is it said what they mean?", answers.error_bars),
            Question("Is it said on what machines, and for how long?", answers.compute),
            Question("Does the work respect a code of ethics?", answers.ethics),
            Question("Are effects on society discussed?", answers.impact),
            Question("Are there safeguards against misuse of what is released?", answers.safeguards),
            Question("Are the makers of data and code credited, and licences respected?", answers.licences),
            Question("Is what is released documented?", answers.new_assets),
            Question("Are instructions to people, and their pay, given?", answers.no_people),
            Question("Did a board review research on people?", answers.no_people),
            Question("Is the use of language models in the method declared?", answers.language_models),
        ),
    ),
    Checklist(
        "Completeness of the code",
        "What makes published code likely to be used by others.",
        "ML Code Completeness Checklist (Papers with Code)",
        "https://github.com/paperswithcode/releasing-research-code",
        (
            Question("Are dependencies specified?", answers.dependencies),
            Question("Is there code that trains?", answers.code_of("train", folder="engines")),
            Question("Is there code that evaluates?", answers.code_of("metrics", "report", folder="analysis")),
            Question("Are there trained models?", answers.weights),
            Question("Does the README have results, and the commands that make them?", answers.readme),
        ),
    ),
)
