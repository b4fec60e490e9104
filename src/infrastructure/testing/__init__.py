"""What users and store authors test with; imported as `errands.testing`."""

from .application import application as application
from .clock import FakeClock as FakeClock
from .faulty_store import FaultyStore as FaultyStore
from .idle import run_until_idle as run_until_idle
from .ids import SequentialIds as SequentialIds
from .store_contract import StoreContract as StoreContract
