"""`errands add`."""

import pytest

from tests.integration.cli.terminal import Terminal


def test_an_added_job_is_told_and_there(terminal: Terminal) -> None:
    added = terminal.run("add", "mail", '{"to": "ada"}', "--queue", "slow", "--id", "one")

    assert (added.code, added.err) == (0, "")
    assert "Added slow/one, waiting" in added.out
    (job,) = terminal.run("jobs", "list", "--json").json["jobs"]
    assert (job["queue"], job["id"], job["data"]) == ("slow", "one", {"to": "ada"})


def test_options_reach_the_job(terminal: Terminal) -> None:
    options = ("--priority", "10", "--delay", "60", "--max-attempts", "7", "--tag", "a")

    job = terminal.run("add", "mail", "-5", *options, "--tag", "b", "--json").json

    assert job["status"] == "delayed"
    assert (job["priority"], job["max_attempts"], job["data"]) == (10, 7, -5)
    assert job["tags"] == ["a", "b"]


def test_data_comes_from_a_file_or_from_standard_input(terminal: Terminal) -> None:
    (terminal.folder / "orders.json").write_text("[1, 2]")

    from_file = terminal.run("add", "mail", "@orders.json", "--json").json
    from_input = terminal.run("add", "mail", "-", "--json", stdin='{"a": null}').json

    assert from_file["data"] == [1, 2]
    assert from_input["data"] == {"a": None}


def test_an_id_that_is_there_adds_nothing(terminal: Terminal) -> None:
    terminal.run("add", "mail", "1", "--id", "one")

    again = terminal.run("add", "mail", "2", "--id", "one")

    assert again.code == 0
    assert "Nothing added: default/one exists" in again.out


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("mail", "nonsense"), "DATA is not JSON"),
        (("mail", "NaN"), "NaN has no JSON form"),
        (("mail", "@missing.json"), "missing.json cannot be read"),
        (("mail", "--delay", "-1"), "delay"),
        (("mail", "--max-attempts", "0"), "max_attempts"),
        (("mail", "--priority", "high"), "--priority"),
        ((" ",), "name: must not be blank"),
        (("x" * 300,), "name: has 300 characters"),
        (("mail", "null", "--no-such-option"), "--no-such-option"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_wrong_is_refused_in_one_sentence(
    terminal: Terminal, arguments: tuple[str, ...], part: str
) -> None:
    refused = terminal.run("add", *arguments)

    assert refused.code == 2
    assert part in refused.err
    assert refused.err.count("\n") == 1
