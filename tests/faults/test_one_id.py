"""Several callers add the same id at once, each in a transaction of its own, and not all commit."""

import threading
import time

from sqlalchemy.exc import OperationalError

from errands import Errands
from tests.faults.site import Site, examined

DEADLOCK = 1213
CALLERS = 4


def test_an_id_whose_first_callers_roll_back_is_one_job_of_him_who_commits(site: Site) -> None:
    app = Errands(site.url)
    refused: list[OperationalError] = []

    def add(*, commits: bool) -> None:
        try:
            with site.connection() as connection:
                app.sync.queue().add("x", commits, job_id="one", connection=connection)
                time.sleep(0.3)
                if commits:
                    connection.commit()
        except OperationalError as error:
            refused.append(error)

    with app.sync as errands:
        threads = [threading.Thread(target=add, kwargs={"commits": False}) for _ in range(CALLERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert site.name == "mariadb" or not refused
        assert all(f"({DEADLOCK}," in str(error) for error in refused)
        add(commits=True)

        assert [(job.id, job.data) for job in errands.queue().jobs().jobs] == [("one", True)]
        assert examined(app) == []
