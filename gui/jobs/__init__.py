"""Long work off the GUI thread: one worker object on one QThread drives one engine generator."""

from gui.jobs.outcomes import Failed, Finished, Outcome, Stopped
from gui.jobs.runner import JobRunner

__all__ = ["Failed", "Finished", "JobRunner", "Outcome", "Stopped"]
