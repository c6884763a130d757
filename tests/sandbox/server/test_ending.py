"""The wish to end is heard at whatever moment it comes, and whichever thread the system gives the signal to."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from provisioner.sandbox.ending import Ending
from tests.moments import said_by

_STRUCK = """
import signal
from provisioner.sandbox.ending import Ending
from tests.moments import each_moment

def attempt():
    ending.wait(0.001)

def strike():
    signal.raise_signal(signal.SIGTERM)

ending = Ending()
ending.listen(signal.SIGTERM)
heard = 0
for moment in each_moment(attempt, strike):
    assert ending.wait(5), moment
    heard += 1
    ending.close()
    ending = Ending()
    ending.listen(signal.SIGTERM)
assert not ending.wait(0)
print("heard", heard > 20)
"""

_OTHER_THREAD = """
import faulthandler
import signal
import sys
import threading
from provisioner.sandbox.ending import Ending

def strike():
    # While this thread runs, another one that is beyond the first line of its function is in a call to the system.
    waiting = Ending.wait.__code__
    while (at := sys._current_frames()[main]).f_code is not waiting or at.f_lineno == waiting.co_firstlineno:
        pass
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

main = threading.get_ident()
ending = Ending()
ending.listen(signal.SIGTERM)
faulthandler.dump_traceback_later(20, exit=True)
threading.Thread(target=strike).start()
print(ending.wait(None), ending.asked())
"""


def test_a_signal_is_heard_at_whatever_moment_it_comes() -> None:
    assert said_by(_STRUCK) == "heard True\n"


def test_a_signal_is_heard_whichever_thread_it_is_given_to() -> None:
    assert said_by(_OTHER_THREAD) == "True True\n"


@pytest.fixture
def ending() -> Iterator[Ending]:
    made = Ending()
    yield made
    made.close()


def test_a_thread_ends_the_wait_of_another(ending: Ending) -> None:
    assert not ending.wait(0)
    assert not ending.asked()
    asking = threading.Thread(target=ending.ask)
    asking.start()
    assert ending.wait(60)
    asking.join()
    assert ending.asked()
    assert ending.wait(None)


def test_asking_more_often_than_anybody_listens_blocks_nobody(ending: Ending) -> None:
    for _ in range(5000):
        ending.ask()
    assert ending.wait(0)


def test_who_asks_too_late_is_not_troubled() -> None:
    ending = Ending()
    ending.close()
    ending.ask()
    assert ending.asked()
