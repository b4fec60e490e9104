"""The peers' table and what has to be said beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.peers.figures import UNITS, Figures
from tests.benchmarks.peers.peer import Peer
from tests.benchmarks.report import number

STORES: Final = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "redis": "Redis"}
NOTHING: Final = "-"


def heads(figures: Figures) -> tuple[str, ...]:
    """The columns."""
    measures = (
        f"{name}, {' / '.join(UNITS[name])}" if name == "D" else name for name in figures.titles
    )
    return ("store", "queue", *measures)


def cells(figures: Figures, peer: Peer, version: str) -> tuple[str, ...]:
    """A peer's line, under `heads`."""
    return (
        STORES[peer.store],
        f"{peer.name} {version}".rstrip(),
        *(_cell(figures, peer, measure) for measure in figures.titles),
    )


def _cell(figures: Figures, peer: Peer, measure: str) -> str:
    values = [figures.value(peer, measure, unit) for unit in UNITS[measure]]
    return " / ".join(number(value) or NOTHING for value in values)


def rows(figures: Figures, facts: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The head and every peer that ran."""
    versions = facts["peers"]
    return [
        heads(figures),
        *(
            cells(figures, peer, _version(peer, versions))
            for peer in figures.peers
            if (peer.store, peer.name) not in figures.absent
        ),
    ]


def as_text(figures: Figures, facts: Mapping[str, Any]) -> str:
    """For a terminal."""
    lines = rows(figures, facts)
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    table = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
    return "\n".join([*table, "", *notes(figures, facts)])


def as_markdown(figures: Figures, facts: Mapping[str, Any]) -> str:
    """For a document."""
    head, *body = rows(figures, facts)
    lines = [head, tuple("---" for _ in head), *body]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n\n".join([table, "\n".join(notes(figures, facts))])


def notes(figures: Figures, facts: Mapping[str, Any]) -> Iterator[str]:
    """A line for each peer: versions, settings, durability, what it keeps; what did not run."""
    for peer in figures.peers:
        absent = figures.absent.get((peer.store, peer.name))
        name = f"- **{peer.name}**, {STORES[peer.store]}"
        if absent is not None:
            yield f"{name}: not measured: {absent}."
            continue
        durability = peer.durability or facts["stores"].get(peer.store, "")
        parts = [_environment(peer, facts), peer.settings, durability, peer.keeps]
        failed = [
            f"{measure} has no figure: {reason}"
            for (store, who, measure), reason in figures.failures.items()
            if (store, who) == (peer.store, peer.name)
        ]
        told = ". ".join(_sentence(part) for part in (*parts, *failed) if part)
        yield f"{name}: {told}."


def write_json(path: Path, objects: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> None:
    """A list with an object for each figure, and one with machine and versions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([*objects, facts], indent=2) + "\n")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _environment(peer: Peer, facts: Mapping[str, Any]) -> str:
    said = facts["peers"].get(peer.name)
    if said is None:
        return ""
    packages = [f"{name} {version}" for name, version in said["packages"].items()]
    if peer.store == "sqlite" and "sqlite" in said:
        packages.append(f"SQLite {said['sqlite']}")
    return f"{said['runtime']}, {', '.join(packages)}"


def _version(peer: Peer, versions: Mapping[str, Any]) -> str:
    found: str = versions.get(peer.name, {}).get("packages", {}).get(peer.name, "")
    return found
