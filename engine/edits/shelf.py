"""The personal palette: blocks kept as JSON files in a folder, for use in any project."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from engine.edits.definitions import free_name, merge_definitions, needed_blocks
from engine.errors import EngineError
from engine.files import write_atomically
from engine.spec.files import network_from_raw
from engine.spec.network import OWN, BlockSpec, NetworkSpec

SUFFIX = ".block.json"
FORMAT = 1
LARGEST = 8 * 2**20
"""Bytes; a definition is far smaller."""


def save_block(block: BlockSpec, blocks: tuple[BlockSpec, ...], folder: Path) -> Path:
    """Keep a block, with the blocks inside it, under its name; one of the same name is replaced.

    Raises: EngineError, when the folder cannot be written to.
    """
    needed = [one for one in needed_blocks(block.nodes, blocks) if one.name != block.name]
    content = {"format": FORMAT, "block": block.name, "blocks": [asdict(block), *map(asdict, needed)]}
    path = folder / f"{free_name(block.name, ())}{SUFFIX}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise EngineError(
            f"The block “{block.title}” could not be kept.",
            why=f"{error.strerror or error}.",
            fix="Free some space, or make the folder writable; the block is still in this project.",
        ) from error
    return path


def personal_blocks(folder: Path) -> tuple[list[tuple[BlockSpec, tuple[BlockSpec, ...]]], tuple[str, ...]]:
    """The kept blocks by title, each with the definitions it needs; and one sentence for every file that cannot be
    read."""
    found: list[tuple[BlockSpec, tuple[BlockSpec, ...]]] = []
    notes: list[str] = []
    for path in sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else ():
        try:
            found.append(_read(path))
        except (OSError, ValueError, RecursionError, EngineError):
            notes.append(f"“{path.name}” is no block and was left out.")
    return sorted(found, key=lambda entry: entry[0].title.casefold()), tuple(notes)


def _read(path: Path) -> tuple[BlockSpec, tuple[BlockSpec, ...]]:
    if path.stat().st_size > LARGEST:
        raise ValueError("too large")
    raw = json.loads(path.read_text("utf-8"))
    if not isinstance(raw, dict) or not isinstance(raw.get("format"), int) or raw["format"] > FORMAT:
        raise ValueError("not a block")
    blocks = network_from_raw({"blocks": raw.get("blocks", [])}, lambda _: None).blocks
    wanted = next((block for block in blocks if block.name == raw.get("block")), None)
    if wanted is None:
        raise ValueError("not a block")
    return wanted, tuple(block for block in blocks if block is not wanted)


def remove_block(block: BlockSpec, folder: Path) -> None:
    """Take a block off the palette; networks that use it keep their own copy of it."""
    (folder / f"{free_name(block.name, ())}{SUFFIX}").unlink(missing_ok=True)


def add_definition(network: NetworkSpec, block: BlockSpec, needed: Sequence[BlockSpec]) -> tuple[NetworkSpec, str]:
    """Bring a kept block into a network. Returns the network, and the kind under which it is known there."""
    network, kinds = merge_definitions(network, (*needed, block))
    return network, kinds[OWN + block.name]
