"""How a process of the service stops."""

import os
import signal
import threading

from yuragi.service.stopping import Halt, told_to_stop


def test_signals_call_a_function_and_then_mean_what_they_did():
    before, heard = signal.getsignal(signal.SIGTERM), []
    with told_to_stop(lambda: heard.append(1)):
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
    assert heard == [1, 1]
    assert signal.getsignal(signal.SIGTERM) is before


def test_without_a_job_nothing_is_waited_for():
    halt = Halt()
    with halt.working():
        pass
    halt.ask()
    assert halt.held(0)


def test_a_job_goes_on_to_the_end_of_its_part():
    halt, passed = Halt(), []
    begun, part = threading.Event(), threading.Event()

    def job():
        with halt.working():
            for number in range(3):
                begun.set()
                part.wait()
                halt.here()
                passed.append(number)

    threading.Thread(target=job, daemon=True).start()
    begun.wait()
    halt.ask()
    assert not halt.held(0.05)  # in the middle of a part
    part.set()
    assert halt.held(10)
    assert passed == []


def test_no_job_is_begun_after_that():
    halt, begun = Halt(), []
    halt.ask()
    assert halt.held(0)

    def job():
        with halt.working():
            begun.append(1)

    late = threading.Thread(target=job, daemon=True)
    late.start()
    late.join(0.05)
    assert begun == []
    assert late.is_alive()
