import asyncio
import threading
from collections.abc import Callable
from contextvars import Context
from typing import TypeVarTuple

from errands.core.application.wake_event import WakeEvent


async def test_a_signal_set_before_anybody_waits_is_remembered_once() -> None:
    signal = WakeEvent()
    signal.set()
    signal.set()

    assert await signal.wait(1) is True
    assert await signal.wait(0) is False


async def test_a_waiter_is_woken_from_another_thread() -> None:
    signal = WakeEvent()
    waiting = asyncio.ensure_future(signal.wait(5))
    await asyncio.sleep(0)

    await asyncio.to_thread(signal.set)

    assert await waiting is True


async def test_waiting_ends_after_its_time() -> None:
    assert await WakeEvent().wait(0.001) is False


async def test_a_cancelled_waiter_leaves_the_signal_usable() -> None:
    signal = WakeEvent()
    waiting = asyncio.ensure_future(signal.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    signal.set()

    assert await signal.wait(1) is True


def test_a_signal_of_a_loop_that_has_ended_may_still_be_set() -> None:
    made: list[WakeEvent] = []

    async def make() -> None:
        made.append(WakeEvent())

    asyncio.run(make())
    setting = threading.Thread(target=made[0].set)
    setting.start()
    setting.join()

    made[0].set()


def test_setting_a_signal_whose_loop_is_closed_does_nothing() -> None:
    async def make() -> WakeEvent:
        return WakeEvent()

    loop = asyncio.new_event_loop()
    signal = loop.run_until_complete(make())
    waiting = signal.wait()
    waiting.send(None)
    loop.close()

    signal.set()

    waiting.close()


Ts = TypeVarTuple("Ts")


class CountingLoop(asyncio.SelectorEventLoop):
    """Counts what other threads have it call."""

    posted = 0

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        self.posted += 1
        return super().call_soon_threadsafe(callback, *args, context=context)


def test_however_often_other_threads_set_it_the_loop_is_called_once() -> None:
    loop = CountingLoop()

    def set_often(signal: WakeEvent) -> None:
        for _ in range(1_000):
            signal.set()

    async def be_blocked() -> None:
        signal = WakeEvent()
        setting = threading.Thread(target=set_often, args=(signal,))
        setting.start()
        setting.join()
        assert await signal.wait(5) is True

    loop.run_until_complete(be_blocked())
    loop.close()

    assert loop.posted == 1
