"""`errands demo` on a smaller tree: one worker killed, every file settled exactly once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ERRANDS = str(Path(sys.executable).with_name("errands"))


def errands(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    hidden = ("ERRANDS_", "JOB_QUEUE_DATABASE_URL", "COLUMNS", "FORCE_COLOR")
    return subprocess.run(
        [ERRANDS, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith(hidden)},
        check=False,
    )


@pytest.mark.slow
def test_the_demo_survives_a_kill_and_settles_each_file_once(tmp_path: Path) -> None:
    demo = errands(tmp_path, "demo", "--limit", "250")

    assert (demo.returncode, demo.stderr) == (0, "")
    assert "kill -9 worker" in demo.stdout
    assert "each of 254 files was settled exactly once" in demo.stdout
    assert "unknown encoding: klingon" in demo.stdout
    failed = errands(tmp_path, "jobs", "list", "--status", "failed", "--json", "--url", URL)
    assert len(json.loads(failed.stdout)["jobs"]) >= 4
    assert errands(tmp_path, "db", "doctor", "--url", URL).returncode == 0


def test_the_demo_takes_no_database_that_exists(tmp_path: Path) -> None:
    errands(tmp_path, "add", "mail")

    refused = errands(tmp_path, "demo", "--url", "sqlite:///./errands.db")

    assert refused.returncode == 2
    assert "wants a SQLite file of its own" in refused.stderr


URL = "sqlite:///./errands-demo.db"
