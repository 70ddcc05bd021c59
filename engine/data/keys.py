"""What tells each image, in the state it is in, from all others."""

from hashlib import blake2b

from engine.data.index import Index

KEY_BYTES = 16


def keys_of(index: Index) -> list[bytes]:
    """One key per image, of its path, size and time: a file that changes gets another."""
    rows = zip(index.paths, index.sizes.tolist(), index.modified.tolist(), strict=True)
    return [blake2b(f"{path}\0{size}\0{time}".encode(), digest_size=KEY_BYTES).digest() for path, size, time in rows]
