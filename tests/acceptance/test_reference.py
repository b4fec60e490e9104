"""The reference names everything there is, and nothing else; no link leads nowhere."""

import re
from pathlib import Path

import attrs
import pytest

import errands
from errands import ErrandsError, EventType, JobStatus, Settings, WorkerSettings
from errands.core.domain.job.options import KNOWN

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
CONFIGURATION = ROOT / "docs" / "how-to" / "configuration.md"
PAGES = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]

FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def first_cells(page: Path) -> list[str]:
    """What stands in backticks in the first column of the page's tables."""
    rows = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return [name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])]


def anchors(page: Path) -> set[str]:
    """The headings of a page as links spell them."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(text))
    return {heading.replace(" ", "-") for heading in plain}


def test_every_option_of_add_is_described() -> None:
    described = first_cells(REFERENCE / "options.md")

    assert sorted(described) == sorted(KNOWN)


def test_every_event_is_described() -> None:
    described = first_cells(REFERENCE / "events.md")

    assert sorted(described) == sorted(kind.value for kind in EventType)


def test_every_status_is_described() -> None:
    described = first_cells(REFERENCE / "statuses.md")

    assert {status.value for status in JobStatus} <= set(described)


def test_every_error_is_described() -> None:
    public = {name: getattr(errands, name) for name in errands.__all__}
    raised = {
        name
        for name, value in public.items()
        if isinstance(value, type) and issubclass(value, ErrandsError)
    }

    described = first_cells(REFERENCE / "errors.md")

    assert sorted(described) == sorted(raised - {"ErrandsError"})


def test_every_setting_is_described_with_its_variable() -> None:
    fields = {field.name for kind in (Settings, WorkerSettings) for field in attrs.fields(kind)}
    page = CONFIGURATION.read_text(encoding="utf-8")

    for name in fields - {"worker", "queues", "url"}:
        assert f"| `{name}` | `ERRANDS_{name.upper()}` |" in page
    assert "| `url` | `JOB_QUEUE_DATABASE_URL` |" in page
    assert "| `queues` | none |" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    dead: list[str] = []
    for target, anchor in LINK.findall(text):
        goal = (page.parent / target).resolve() if target else page
        if not goal.exists() or (anchor and anchor not in anchors(goal)):
            dead.append(f"{target}#{anchor}")

    assert dead == []
