"""What is good and what is not about a data set, found in the background, each with its images and often a fix."""

from engine.data.health.checks import CHECKS, examined, usable_counts
from engine.data.health.examine import examine
from engine.data.health.finding import Finding, Fix, Known, Shortcut
from engine.data.health.look import Looks, look_at

__all__ = ["CHECKS", "Finding", "Fix", "Known", "Looks", "Shortcut", "examine", "examined", "look_at", "usable_counts"]
