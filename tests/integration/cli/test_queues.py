"""`errands queues`."""

from tests.integration.cli.terminal import Terminal


def test_queues_are_listed_with_their_counts(terminal: Terminal) -> None:
    terminal.run("add", "mail", "--queue", "slow")
    terminal.run("add", "mail", "--queue", "slow", "--delay", "60")

    (queue,) = terminal.run("queues", "list", "--json").json

    assert (queue["name"], queue["is_paused"]) == ("slow", False)
    assert (queue["counts"]["waiting"], queue["counts"]["delayed"]) == (1, 1)


def test_a_paused_queue_is_listed_as_paused_until_resumed(terminal: Terminal) -> None:
    terminal.run("add", "mail", "--queue", "slow")

    paused = terminal.run("queues", "pause", "slow")
    listed = terminal.run("queues", "list")
    resumed = terminal.run("queues", "resume", "slow")

    assert paused.out == "slow is paused\n"
    assert "paused" in listed.out
    assert resumed.out == "slow gives out jobs\n"
    assert "paused" not in terminal.run("queues", "list").out


def test_a_verb_without_a_queue_is_wrong_usage(terminal: Terminal) -> None:
    terminal.run("db", "migrate")

    refused = terminal.run("queues", "pause")

    assert (refused.code, refused.err) == (2, "errands: name at least one queue\n")
