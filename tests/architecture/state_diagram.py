"""The life of a job as documents show it, made from the table that the code obeys.

`python -m tests.architecture.state_diagram` brings ARCHITECTURE.md up to date.
"""

from collections.abc import Iterator

from errands.core.domain.job.job import Job
from errands.core.domain.job.status import JobStatus
from errands.core.domain.job.transitions import TRANSITIONS, Verb
from tests.architecture.source import ROOT

DOCUMENT = ROOT / "ARCHITECTURE.md"
BEGIN = "<!-- state diagram: begin (generated, see tests/architecture/state_diagram.py) -->"
END = "<!-- state diagram: end -->"

Move = tuple[JobStatus, JobStatus]


def moves(verb: Verb) -> Iterator[Move]:
    """Where a verb leads from each of its sources.

    A source that is a target too means that the job stays where it is: a cancel flags an
    active job, ends a waiting one, and makes no waiting one active.
    """
    transition = TRANSITIONS[verb]
    for source in JobStatus:
        if source in transition.sources & transition.targets:
            yield source, source
        elif source in transition.sources:
            for target in JobStatus:
                if target in transition.targets - transition.sources:
                    yield source, target


def diagram() -> str:
    """A Mermaid state diagram of every move from one status to another."""
    verbs: dict[Move, list[str]] = {}
    for verb in Verb:
        for source, target in moves(verb):
            if source is not target:
                verbs.setdefault((source, target), []).append(verb.value)
    births = (JobStatus.WAITING, JobStatus.DELAYED)
    arrows = [f"    [*] --> {status.value} : add" for status in births]
    arrows += [
        f"    {source.value} --> {target.value} : {', '.join(verbs[source, target])}"
        for source in JobStatus
        for target in JobStatus
        if (source, target) in verbs
    ]
    return "\n".join(("```mermaid", "stateDiagram-v2", *arrows, "```"))


def verb_table() -> str:
    """Every verb with its sources, its targets and its promise."""
    rows = ["| verb | from | to | what it does |", "|---|---|---|---|"]
    for verb in Verb:
        found = list(moves(verb))
        sources = TRANSITIONS[verb].sources
        rows.append(
            f"| `{verb.value}` | {_names(sources)} | {_targets(found)} | {_promise(verb)} |"
        )
    return "\n".join(rows)


def generated() -> str:
    """What stands between the markers."""
    return f"{BEGIN}\n\n{diagram()}\n\n{verb_table()}\n\n{END}"


def refreshed(document: str) -> str:
    """A document with what the table says now between its markers."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{generated()}{after}"


def _names(statuses: frozenset[JobStatus]) -> str:
    return ", ".join(status.value for status in JobStatus if status in statuses)


def _targets(found: list[Move]) -> str:
    left_for = frozenset(target for source, target in found if source is not target)
    stays = any(source is target for source, target in found)
    named = _names(left_for)
    if not found:
        return "gone"
    if not stays:
        return named
    return f"{named}, or the same" if named else "the same"


def _promise(verb: Verb) -> str:
    """The first paragraph of the docstring of the verb's method."""
    documentation = getattr(Job, verb.value).__doc__ or ""
    return " ".join(documentation.partition("\n\n")[0].split())


def main() -> None:
    """Write the document anew."""
    document = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(refreshed(document), encoding="utf-8")


if __name__ == "__main__":
    main()
