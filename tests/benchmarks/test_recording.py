"""What the library asks of its driver is on tape, and comes to the same when it is replayed."""

from typing import Any

from tests.benchmarks.stores.calls import CONNECTION, Reel, last_uses, run_calls


class Cursor:
    """Like a driver's."""

    def __init__(self, log: list[Any]) -> None:
        self._log = log

    def execute(self, statement: str, parameters: Any = ()) -> "Cursor":
        self._log.append((statement, parameters))
        return self

    def fetchall(self) -> list[int]:
        return [len(self._log)]


class Connection:
    """Like a driver's."""

    def __init__(self) -> None:
        self.log: list[Any] = []
        self.status = "idle"

    def cursor(self) -> Cursor:
        return Cursor(self.log)


Cursor.__module__ = Connection.__module__ = "psycopg.like"


def replayed(*transactions: list[Any]) -> list[Any]:
    connection = Connection()
    objects: dict[int, Any] = {CONNECTION: connection}
    for calls, used_up in zip(transactions, last_uses(list(transactions)), strict=True):
        run_calls(objects, calls)
        for number in used_up:
            del objects[number]
    assert set(objects) == {CONNECTION}
    return connection.log


def test_calls_are_passed_on_and_come_again_in_a_replay() -> None:
    connection = Connection()
    reel = Reel(connection)

    reel.start()
    rows = reel.connection.cursor().execute("INSERT", (1,)).execute("SELECT").fetchall()
    calls = reel.stop(keep=True)

    assert rows == [2]
    assert replayed(calls) == connection.log == [("INSERT", (1,)), ("SELECT", ())]


def test_what_is_outside_of_a_transaction_or_undone_is_not_on_tape() -> None:
    reel = Reel(Connection())

    reel.connection.cursor().execute("outside")
    reel.start()
    reel.connection.cursor().execute("undone")
    undone = reel.stop(keep=False)
    reel.start()
    reel.connection.cursor().execute("kept")

    assert undone == []
    assert replayed(reel.stop(keep=True)) == [("kept", ())]


def test_a_cursor_that_outlives_transactions_is_made_once_in_a_replay() -> None:
    reel = Reel(Connection())
    cursor = reel.connection.cursor()
    transactions: list[list[Any]] = []

    for statement in ("first", "second"):
        reel.start()
        cursor.execute(statement)
        transactions.append(reel.stop(keep=True))

    methods = [method for calls in transactions for _, method, _, _, _ in calls]
    assert methods == ["cursor", "execute", "execute"]
    assert replayed(*transactions) == [("first", ()), ("second", ())]


def test_an_iterator_is_kept_as_what_it_gave() -> None:
    reel = Reel(Connection())

    reel.start()
    reel.connection.cursor().execute("COPY", iter([1, 2]))

    assert replayed(reel.stop(keep=True)) == [("COPY", [1, 2])]


def test_plain_attributes_are_told_and_settings_come_again() -> None:
    reel = Reel(Connection())

    reel.start()
    reel.connection.status = "busy"

    assert reel.connection.status == "busy"
    assert [method for _, method, _, _, _ in reel.stop(keep=True)] == ["__setattr__"]
