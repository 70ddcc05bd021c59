"""Lengths of time in words."""

from PySide6.QtCore import QCoreApplication


def duration_in_words(seconds: float) -> str:
    """Return "8 s", "2 min 10 s", "1 h 5 min", "2 d 3 h": two units at most."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("duration", text)

    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        large, small = tr("{n} d").format(n=days), tr("{n} h").format(n=hours) if hours else ""
    elif hours:
        large, small = tr("{n} h").format(n=hours), tr("{n} min").format(n=minutes) if minutes else ""
    elif minutes:
        large, small = tr("{n} min").format(n=minutes), tr("{n} s").format(n=rest) if rest else ""
    else:
        large, small = tr("{n} s").format(n=rest), ""
    return f"{large} {small}".strip()
