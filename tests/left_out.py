"""What a run of the tests leaves out, and how to run that, too: `python -m tests.left_out`."""

from collections.abc import Iterator

from tests import pythons, stores


def left_out() -> Iterator[str]:
    """Each part with the way to it."""
    for store in stores.left_out():
        yield f"the store {store}"
    yield "long tests and more examples of properties (`make faults`)"
    yield f"Pythons other than {pythons.OWN} (`make test-pythons`)"


if __name__ == "__main__":
    print(f"==> Left out: {'; '.join(left_out())}")  # noqa: T201 - a program for people
