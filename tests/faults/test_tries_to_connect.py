"""What it costs a process to ask a server again and again that is away."""

import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from errands import Errands, StoreUnavailable
from errands.infrastructure.persistence.sql.server.polling import Polling
from tests.faults.proxy import Proxy
from tests.faults.site import site_of, through


async def test_tries_to_connect_to_mariadb_share_what_encrypts_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = list[ssl.SSLContext]()

    def make(*args: Any, **named: Any) -> ssl.SSLContext:
        made.append(create(*args, **named))
        return made[-1]

    create = ssl.create_default_context
    with (
        site_of("mariadb", tmp_path) as site,
        Proxy(sa.make_url(site.url).port or 3306) as proxy,
    ):
        monkeypatch.setattr(ssl, "create_default_context", make)
        async with Errands(through(site, proxy.port)) as app:
            proxy.refuse()
            for _ in range(5):
                with pytest.raises(StoreUnavailable):
                    await app.queues()
            proxy.accept()
            assert await app.queues() == []

    assert len(made) <= 2


def test_who_does_not_answer_is_polled_ever_more_rarely() -> None:
    server = Silent()
    changes = threading.Semaphore(0)
    polling = Polling(server)
    polling.start(changes.release)
    try:
        assert changes.acquire(timeout=5)
        assert server.is_asked_rarely.wait(10)
        server.commits = 1
        assert changes.acquire(timeout=5)
        assert server.is_asked_often.wait(5)
    finally:
        polling.stop()


class Silent:
    """A server that does not answer until it has commits to tell of."""

    def __init__(self) -> None:
        self.commits = 0
        self.is_asked_rarely = threading.Event()
        self.is_asked_often = threading.Event()
        self._asked_at = time.monotonic()

    def __call__(self) -> int:
        now = time.monotonic()
        if now - self._asked_at > 0.5:
            self.is_asked_rarely.set()
        elif self.commits:
            self.is_asked_often.set()
        self._asked_at = now
        if not self.commits:
            raise OSError("nobody is there")
        return self.commits
