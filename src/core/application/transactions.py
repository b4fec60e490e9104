"""A use case of several transactions, written once for async and sync callers."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

from ..ports.store import Store, Work

T = TypeVar("T")

Transactions = Generator[Work[Any], Any, T]
"""Yields units of work, is sent what each came to, and returns the whole's result."""


async def run_transactions(store: Store, transactions: Transactions[T]) -> T:
    """Run each step in a transaction of its own, off the event loop."""
    answer: Any = None
    while True:
        try:
            work = transactions.send(answer)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        answer = await store.transact(work, is_large=True)


def run_transactions_sync(store: Store, transactions: Transactions[T]) -> T:
    """Run each step in a transaction of its own, on the calling thread."""
    answer: Any = None
    while True:
        try:
            work = transactions.send(answer)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        answer = store.transact_sync(work)
