"""The executor on real processes: sessions, signals, time, pipes, environment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.errors import Interrupted
from provisioner.terraform.identity import ProcessIdentity, identify, is_alive
from provisioner.terraform.pipes import Capture, Lines
from provisioner.terraform.process import Executor
from tests.terraform.programs import Session, command, ended

# Signals are waited for, not handled: none can slip in between a check and a pause.
STUBBORN = """
heard = {signal.SIGINT, signal.SIGUSR1}
signal.pthread_sigmask(signal.SIG_BLOCK, heard)
say("ready")
count = 0
while signal.sigwait(heard) == signal.SIGINT:
    count += 1
    say("interrupt", count)
sys.exit(7)
"""
GENTLE = """
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
say("ready")
signal.sigwait({signal.SIGINT})
open("heard", "w").close()
sys.exit(1)
"""


def executor() -> Executor:
    return Executor(on_started=lambda _: None, patience=5)


def lines_of(folder: Path, code: str) -> list[str]:
    lines: list[str] = []
    executor().run(command(folder, code), Lines(lines.append), Lines(lines.append))
    return lines


def test_the_exit_code_is_that_of_the_program(tmp_path: Path) -> None:
    assert executor().run(command(tmp_path, "sys.exit(2)"), Capture(limit=9), Capture(limit=9)).code == 2


def test_it_runs_alone_in_its_session_with_no_input_and_private_files(tmp_path: Path) -> None:
    code = "say(os.getsid(0) == os.getpid(), repr(sys.stdin.read())); open('kept', 'w').write('x')"
    assert lines_of(tmp_path, code) == ["True ''"]
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o600


def test_its_environment_is_exactly_the_one_given(tmp_path: Path) -> None:
    output = Capture(limit=10_000)
    given = {"ONE": "1", "LC_CTYPE": "C.UTF-8"}
    program = command(tmp_path, "say(json.dumps(dict(os.environ)))", environment=given)
    executor().run(program, output, Capture(limit=0))
    assert json.loads(output.content()) == given


def test_the_first_interrupt_is_one_signal_the_second_another_and_the_third_none(tmp_path: Path) -> None:
    session = Session(tmp_path, STUBBORN)
    session.wait_for("ready")
    session.executor.interrupt()
    session.wait_for("interrupt 1")
    session.executor.interrupt()
    session.wait_for("interrupt 2")
    session.executor.interrupt()
    # Of two waiting signals the lower number is delivered first: a third interrupt would be heard before this one.
    os.kill(session.started[0].pid, signal.SIGUSR1)
    end = session.join()
    assert session.lines == ["ready", "interrupt 1", "interrupt 2"]
    assert (end.code, end.interrupted, end.timed_out) == (7, True, False)
    assert session.left == []  # asked twice, Terraform does not wait for its lock


def test_who_was_asked_once_had_the_time_to_unlock(tmp_path: Path) -> None:
    session = Session(tmp_path, GENTLE)
    session.wait_for("ready")
    session.executor.interrupt()
    session.join()
    assert session.left == session.started


def test_an_interrupt_never_reaches_the_programs_that_it_started(tmp_path: Path) -> None:
    code = """
import subprocess
child = subprocess.Popen([sys.executable, "-c", '''
import signal
heard = []
signal.signal(signal.SIGINT, lambda *_: heard.append(1))
print("waiting", flush=True)
try:
    input()
finally:
    print("signals", len(heard), flush=True)
'''], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
child.stdout.readline()
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
say("ready")
signal.sigwait({signal.SIGINT})
say(child.communicate("enough\\n")[0].strip())
"""
    session = Session(tmp_path, code)
    session.wait_for("ready")
    session.executor.interrupt()
    session.join()
    assert session.lines == ["ready", "signals 0"]


def test_after_an_interrupt_nothing_new_is_started(tmp_path: Path) -> None:
    stopped = executor()
    stopped.interrupt()
    with pytest.raises(Interrupted):
        stopped.run(command(tmp_path, "open('made', 'w')"), Capture(limit=9), Capture(limit=9))
    assert not (tmp_path / "made").exists()


def test_a_phase_that_takes_too_long_is_asked_twice_and_then_killed(tmp_path: Path) -> None:
    session = Session(tmp_path, STUBBORN, timeout=1.5, patience=0.3)
    end = session.join()
    assert session.lines == ["ready", "interrupt 1", "interrupt 2"]
    assert (end.code, end.timed_out, end.killed, end.interrupted) == (-signal.SIGKILL, True, True, False)


def test_a_phase_that_stops_when_asked_is_not_killed(tmp_path: Path) -> None:
    end = Session(tmp_path, GENTLE, timeout=1.5).join()
    assert (end.code, end.timed_out, end.killed) == (1, True, False)


def test_both_pipes_are_read_however_much_comes(tmp_path: Path) -> None:
    code = "line = 'x' * 999\nfor _ in range(3000): sys.stdout.write(line + '\\n'); sys.stderr.write(line + '\\n')"
    out, err = Capture(limit=10**7), Capture(limit=10**6)
    assert executor().run(command(tmp_path, code), out, err).code == 0
    assert len(out.content()) == 3_000_000
    assert err.overflown
    assert err.content() == b""


def test_lines_keep_their_order_and_a_last_one_without_end_counts(tmp_path: Path) -> None:
    assert lines_of(tmp_path, "sys.stdout.write('a\\r\\n\\nb\\n\\xffc')") == ["a", "", "b", "\xffc"]


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_a_line_that_is_too_long_is_cut_and_the_next_one_whole(step: int) -> None:
    lines: list[str] = []
    sink = Lines(lines.append, limit=5)
    content = b"123456789\nabc\n" + b"\xff\n"
    for start in range(0, len(content), step):
        sink.feed(content[start : start + step])
    sink.close()
    assert lines == ["12345", "abc", "\ufffd"]


def test_a_grandchild_that_holds_the_pipe_does_not_hold_us(tmp_path: Path) -> None:
    code = """
import subprocess
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
say(child.pid)
os._exit(3)
"""
    out = Capture(limit=100)
    holder = command(tmp_path, code)
    assert executor().run(holder, out, Capture(limit=100)).code == 3
    os.kill(int(out.content()), signal.SIGKILL)


def test_an_error_of_the_listener_stops_the_program_and_comes_out(tmp_path: Path) -> None:
    started: list[ProcessIdentity] = []

    def fail(_: str) -> None:
        raise ValueError("listener")

    with pytest.raises(ValueError, match="listener"):
        Executor(on_started=started.append, patience=5).run(command(tmp_path, GENTLE), Lines(fail), Capture(limit=9))
    assert (tmp_path / "heard").exists()
    assert not is_alive(started[0])


def test_its_end_is_noticed_without_pidfd_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    assert lines_of(tmp_path, "say('a')") == ["a"]
    end = Session(tmp_path, STUBBORN, timeout=1.5, patience=0.2).join()
    assert end.killed


def test_the_program_is_asked_to_stop_when_we_are_killed(tmp_path: Path) -> None:
    """What an orphaned Terraform gets is the same single SIGINT that lets it save and unlock."""
    orchestrator = f"""
import sys
from pathlib import Path
from provisioner.terraform.pipes import Lines
from provisioner.terraform.process import Executor
from tests.terraform.programs import command
seen = lambda identity: print(identity.pid, flush=True)
tell = lambda line: print(line, flush=True)
Executor(on_started=seen, patience=9).run(command(Path({str(tmp_path)!r}), {GENTLE!r}), Lines(tell), Lines(tell))
"""
    project = Path(__file__).parents[2]
    parent = subprocess.Popen([sys.executable, "-c", orchestrator], stdout=subprocess.PIPE, text=True, cwd=project)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert parent.stdout.readline() == "ready\n"
    identity = identify(pid)
    assert identity is not None
    assert is_alive(identity)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert ended(pid, timeout=10)
    assert (tmp_path / "heard").exists()
    assert not is_alive(identity)


def test_only_the_end_of_its_own_accord_is_told(tmp_path: Path) -> None:
    told: list[ProcessIdentity] = []
    watching = Executor(on_started=lambda _: None, on_ended=told.append, patience=5)
    assert watching.run(command(tmp_path, "os._exit(3)"), Capture(limit=9), Capture(limit=9)).code == 3
    assert len(told) == 1
    dies = "os.kill(os.getpid(), signal.SIGKILL)"
    assert watching.run(command(tmp_path, dies), Capture(limit=9), Capture(limit=9)).code == -signal.SIGKILL
    assert len(told) == 1


def test_a_process_id_alone_is_no_identity() -> None:
    me = identify(os.getpid())
    assert me is not None
    assert is_alive(me)
    assert not is_alive(ProcessIdentity(me.pid, "1", me.boot_id, me.host))
    assert not is_alive(ProcessIdentity(me.pid, me.start_time, "another-boot", me.host))
    assert is_alive(ProcessIdentity(me.pid, "1", "x", "another-machine"))


def test_a_zombie_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert ended(child.pid, timeout=20)
    assert identify(child.pid) is None
    child.communicate()
