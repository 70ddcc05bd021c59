"""Several trainings with one question: folds, seeds, a search over settings, a queue.

An experiment is a folder beside the runs: the project it began with, and one file that names its trials and says how
far each has come. Its trials are runs like all others. Whatever ends it, a pause, a stop or a crash: `run_experiment`
goes on where it was.
"""

from engine.train.experiments.plans import FoldsPlan, Plan, QueuePlan, SearchPlan, SeedsPlan
from engine.train.experiments.results import Results, results_of
from engine.train.experiments.store import Experiment, Trial, list_experiments, read_experiment

__all__ = [
    "Experiment",
    "FoldsPlan",
    "Plan",
    "QueuePlan",
    "Results",
    "SearchPlan",
    "SeedsPlan",
    "Trial",
    "list_experiments",
    "read_experiment",
    "results_of",
]
