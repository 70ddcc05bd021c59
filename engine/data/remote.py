"""What there is to fetch: apart from how, which takes Python's web client, and the first window waits for neither."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Remote:
    """A file to be fetched.

    Attributes:
        addresses: where it can be had, each a copy of the same file.
        md5: of its content, hexadecimal.
        bytes: its size, for progress and against a server that never ends; need not be exact.
    """

    name: str
    addresses: tuple[str, ...]
    md5: str
    bytes: int
