"""What signal handlers of the tests raise."""


class Alarm(Exception):
    """Comes in the middle of anything."""


def is_alarm(error: BaseException | None) -> bool:
    """Whether it is an alarm, or what somebody made of one on its way: drivers do."""
    return isinstance(error, Alarm) or (error is not None and is_alarm(error.__context__))
