"""Charts of numbers over epochs; pyqtgraph is imported here only, and not before a chart is shown."""

from gui.plots.curves import Curves, warm_up
from gui.plots.series import MOST_OTHERS, Line, Series

__all__ = ["MOST_OTHERS", "Curves", "Line", "Series", "warm_up"]
