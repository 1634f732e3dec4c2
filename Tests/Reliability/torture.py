#!/usr/bin/env python3
"""Faults of the process and of the disk against the release binary: `torture.py CASE --soma .build/release/soma`.

  kill     kill -9 just before the N-th write, sync, rename, unlink, truncate … of any thread, for every N
  errors   EIO and ENOSPC from the N-th of those calls, once and for ever; EINTR now and then; short writes
  full     a file system of 24 MiB that fills up, from inside and from outside, and is freed again
  torn     every file of a data directory cut, zeroed, doubled, filled with rubbish at its end, and gone
  flips    one bit flipped at random places of every file
  slow     a disk that takes 200 ms for each sync: nothing is acknowledged before it
  twice    a second broker on the same directory

Needs strace (kill, errors, slow), root (full) and gcc (errors). Ends with `VERDICT case: PASS|FAIL`.
"""
import argparse
import collections
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

from model import Model, Workload
from wire import Broker, Gone, batch, read_all

CALLS = ["pwritev", "pwrite64", "write", "fdatasync", "fsync", "rename", "unlink", "rmdir", "ftruncate", "fallocate", "mkdir"]
HERE = os.path.dirname(os.path.abspath(__file__))


class Run:
    """One data directory, one workload, one fault."""

    def __init__(self, options, seed=1, rounds=60, folder=None):
        self.options, self.home = options, tempfile.mkdtemp(prefix="torture", dir=folder or options.folder)
        self.data, self.model = f"{self.home}/d", Model()
        self.work = Workload(self.model, seed, rounds)
        self.findings = []

    def broker(self, prefix=(), settings=()):
        return Broker(self.options.soma, self.data, self.options.port, [*self.options.setting, *settings], prefix, f"{self.home}/log")

    def faulty(self, prefix):
        """Runs the workload into the fault. True when it noticed, or a log line did."""
        broker = self.broker(prefix)
        met = True
        try:
            if broker.start():
                self.work.run(broker.client(timeout=20))
                broker.stop()
                met = broker.process.returncode not in (0, None) or " warning " in self.said() or " error " in self.said()
        except Gone:
            pass
        except subprocess.TimeoutExpired:
            self.findings.append("did not stop in 15 s")
        finally:
            broker.kill()
        return met

    def recover(self, finish=True):
        """Starts without the fault, judges, finishes the workload, judges again after an orderly stop."""
        broker = self.broker()
        try:
            if not broker.start():
                self.findings.append("does not start: " + self.said()[-300:])
                return
            self.judge(broker, "after the fault")
            if finish:
                self.work.run(broker.client())
                self.judge(broker, "at the end")
                if broker.stop() != 0:
                    self.findings.append("did not stop in order")
                broker = self.broker()
                if not broker.start():
                    self.findings.append("does not start after an orderly stop")
                    return
                self.judge(broker, "after an orderly stop")
        except (Gone, AssertionError) as error:
            self.findings.append(f"{type(error).__name__} {error}")
        finally:
            broker.kill()

    def judge(self, broker, when):
        try:
            self.findings += [f"{when}: {finding}" for finding in self.model.check(broker.client())]
        except Gone as error:
            self.findings.append(f"{when}: {error}")

    def said(self):
        return open(f"{self.home}/log", errors="replace").read()

    def close(self, keep=False):
        if not keep:
            shutil.rmtree(self.home, ignore_errors=True)


def strace(*inject):
    words = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "signal=none"]
    for rule in inject:
        words += ["-e", f"trace={rule.partition(':')[0]}", "-e", f"inject={rule}"]
    return words


class Verdict:
    def __init__(self, name):
        self.name, self.tries, self.failures, self.counts, self.began = name, 0, [], collections.Counter(), time.time()

    def take(self, label, run, keep=False):
        self.tries += 1
        if run.findings:
            self.failures.append((label, run.findings[:3], run.home))
            print(f"FAIL {label}: {run.findings[:3]} kept in {run.home}", flush=True)
        run.close(keep=bool(run.findings))

    def end(self):
        print(json.dumps({"case": self.name, "tries": self.tries, "failures": len(self.failures), "seconds": round(time.time() - self.began),
                          **self.counts}))
        print(f"VERDICT {self.name}: {'FAIL' if self.failures or not self.tries else 'PASS'}")
        return 1 if self.failures or not self.tries else 0


def kill(options):
    verdict = Verdict("kill")
    for call in options.calls or CALLS:
        number = 1
        while number <= options.most:
            run = Run(options)
            met = run.faulty(strace(f"{call}:signal=KILL:when={number}"))
            if met:
                verdict.counts[call] += 1
                run.recover()
                verdict.take(f"{call} {number}", run)
            else:
                run.close()
                break
            number += options.stride
    return verdict.end()


def errors(options):
    verdict = Verdict("errors")
    for call in options.calls or [c for c in CALLS if c != "write"]:
        for error in ("EIO", "ENOSPC"):
            number = 1
            while number <= options.most:
                met = False
                for when in (f"{number}", f"{number}+"):
                    run = Run(options)
                    run_met = run.faulty(strace(f"{call}:error={error}:when={when}"))
                    run.recover()
                    verdict.counts[f"{call} {error}"] += 1
                    verdict.take(f"{call} {error} {when}", run)
                    met = met or run_met
                number += options.stride
                if not met:
                    break
    for call in ("pwritev", "pwrite64", "fdatasync", "fsync", "ftruncate", "write", "fallocate"):
        run = Run(options)
        if run.faulty(strace(f"{call}:error=EINTR:when=1+3")):
            verdict.counts[f"EINTR {call} stopped the workload"] += 1
        run.recover()
        verdict.take(f"{call} EINTR", run)
    library = f"{tempfile.mkdtemp()}/short.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, f"{HERE}/short_writes.c", "-ldl"], check=True)
    for share in (2, 5, 20):
        run = Run(options)
        if run.faulty(["env", f"LD_PRELOAD={library}", f"SHORT_WRITES={share}"]):
            run.findings.append("a short write stopped the workload")
        run.recover()
        verdict.take(f"short writes 1/{share}", run)
    return verdict.end()


def full(options):
    verdict = Verdict("full")
    home = tempfile.mkdtemp(prefix="full")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", home], check=True)
    run = Run(options, folder=home)
    broker = run.broker(settings=["log.segment.bytes=2000000", "log.retention.ms=-1"])
    try:
        assert broker.start(), run.said()
        client = broker.client()
        client.create_topic("a", 2)
        client.commit("group", "a", 0, 1)
        for outside in (False, True):
            ballast = f"{home}/ballast"
            if outside:
                subprocess.run(["dd", "if=/dev/zero", f"of={ballast}", "bs=64k"], stderr=subprocess.DEVNULL)
            value, stored, refusal = b"x" * 60_000, [], None
            began, number = time.time(), 0
            while refusal is None and time.time() - began < 60:
                number += 1
                text = b"%d-%d-" % (outside, number)
                error, offset = client.produce("a", 0, batch([text + value]))
                if error:
                    refusal = error
                else:
                    run.model.acked.setdefault(("a", 0), {})[offset] = text + value
                run.model.sent.setdefault(("a", 0), set()).add(text + value)
            verdict.counts[f"stored {'behind ballast' if outside else 'before full'}"] = number - 1
            if refusal != 56:
                run.findings.append(f"a full disk was answered with {refusal}, not KAFKA_STORAGE_ERROR")
            run.model.created = {"a"}
            run.findings += [f"while full: {f}" for f in run.model.check(client, committed=False)]
            verdict.counts["commit while full"] = client.commit("group", "a", 0, 2)
            # Room again: by deleting records of this topic, or by removing what others put there.
            if outside:
                os.unlink(ballast)
            else:
                error, low = client.delete_records("a", 0, offset_of(client) - 50)
                run.model.starts["a", 0] = (low, low) if not error else (0, 1 << 60)
                run.model.acked["a", 0] = {o: v for o, v in run.model.acked["a", 0].items() if o >= low}
                verdict.counts["delete records while full"] = error
                if error:
                    error, low = make_room(home, client, run)
            began = time.time()
            while True:
                text = b"again-%d-%f" % (outside, time.time())
                run.model.sent["a", 0].add(text)
                error, offset = client.produce("a", 0, batch([text]))
                if not error or time.time() - began > 20:
                    break
                time.sleep(0.1)
            waited = time.time() - began
            verdict.counts[f"resumed ms {'outside' if outside else 'inside'}"] = int(waited * 1000)
            if error or waited > 5:
                run.findings.append(f"{waited:.1f} s after there was room: error {error}")
            else:
                run.model.acked["a", 0][offset] = text
            error = client.commit("group", "a", 0, 3)
            if error:
                run.findings.append(f"commit after there was room: {error}")
            run.findings += [f"with room: {f}" for f in run.model.check(client, committed=False)]
        broker.stop()
        broker = run.broker()
        assert broker.start(), run.said()
        run.model.commits["group", "a", 0] = 3
        run.judge(broker, "after a restart")
    except (Gone, AssertionError) as error:
        run.findings.append(f"{type(error).__name__} {error}")
    finally:
        broker.kill()
        verdict.take("full", run)
        if not run.findings:
            subprocess.run(["umount", home])
    return verdict.end()


def offset_of(client):
    return client.list_offset("a", 0, -1)[1]


def make_room(home, client, run):
    """Where nothing can be deleted through the broker, an operator takes the limit away."""
    subprocess.run(["mount", "-o", "remount,size=40m", home], check=True)
    return client.list_offset("a", 0, -2)


def prepared(options, rounds=60, stop=True):
    """A data directory with all kinds of files, and what must be in it."""
    run = Run(options, rounds=rounds)
    broker = run.broker()
    assert broker.start(), run.said()
    run.work.run(broker.client())
    if stop:
        broker.stop()
    else:
        time.sleep(7)  # until a checkpoint is written
    broker.kill()
    return run


def files_below(root):
    for folder, _, names in os.walk(root):
        for name in names:
            yield os.path.join(folder, name)


def ends_soon(broker):
    """Files are read while the port is open already: a broker that refuses them answers nobody and ends."""
    try:
        broker.client().topics()
        return False
    except Gone:
        try:
            broker.process.wait(10)
        except subprocess.TimeoutExpired:
            pass
        return True


def judged_start(options, base, change, verdict, label, prefix_may_end):
    """Starts on a changed copy. Wrong values never; refusals must be said; lost tails only where allowed."""
    run = Run(options, folder="/dev/shm")
    shutil.copytree(base.data, run.data)
    change(run.data)
    run.model, outcome = base.model, "unaffected"
    broker = run.broker()
    try:
        started = broker.start() and not ends_soon(broker)
        if not started:
            said = run.said()
            outcome = "refused to start"
            if broker.process.poll() is None or "Fatal error" in said or broker.process.returncode < 0:
                run.findings.append(f"ended by {broker.process.poll()}: {said[-200:]}")
            elif not any(word in said for word in (run.data, os.path.basename(label.split()[0]))):
                run.findings.append(f"did not say which file: {said[-200:]}")
        else:
            client = broker.client()
            for finding in run.model.check(client):
                refused = ": error 2" in finding or ": error 56" in finding or "list offsets: 2" in finding or "list offsets: 56" in finding
                if refused:
                    outcome = "partition refused"
                    if "position" not in run.said() and "checksum" not in run.said() and ".log" not in run.said():
                        run.findings.append(f"refused without naming the place: {finding}")
                elif prefix_may_end and ("there is b'nothing'" in finding or "commit (" in finding):
                    outcome = "tail cut"
                else:
                    run.findings.append(finding)
    except (Gone, AssertionError) as error:
        run.findings.append(f"{type(error).__name__} {error}: {run.said()[-300:]}")
    finally:
        broker.kill()
    verdict.counts[outcome] += 1
    verdict.take(label, run)


def torn(options):
    verdict = Verdict("torn")
    for stop in (True, False):
        base = prepared(options, rounds=24, stop=stop)
        for path in sorted(files_below(base.data)):
            name, size = os.path.relpath(path, base.data), os.path.getsize(path)
            # Of a log, the last three batches at every byte; of a small file, every byte.
            span = min(size, 400 if name.endswith(".log") else 120)
            cuts = range(size - span, size, options.stride)
            for cut in cuts:
                judged_start(options, base, lambda data: os.truncate(f"{data}/{name}", cut), verdict, f"{name} cut at {cut}", name.endswith(".log"))
            if not name.endswith(".log"):
                judged_start(options, base, lambda data: os.unlink(f"{data}/{name}"), verdict, f"{name} gone", False)
            for label, tail in (("zeros", b"\0" * 5000), ("rubbish", random.Random(1).randbytes(5000)), ("itself", open(path, "rb").read())):
                def append(data):
                    with open(f"{data}/{name}", "ab") as file:
                        file.write(tail)
                judged_start(options, base, append, verdict, f"{name} followed by {label}", False)
        base.close()
    return verdict.end()


def flips(options):
    verdict, rng = Verdict("flips"), random.Random(options.seed)
    base = prepared(options, rounds=40, stop=False)
    files = [p for p in sorted(files_below(base.data)) if os.path.getsize(p)]
    for number in range(options.count):
        # Half in the logs, by size; half in any file.
        path = rng.choice(files) if number % 2 else rng.choices(files, [os.path.getsize(p) for p in files])[0]
        name, place = os.path.relpath(path, base.data), rng.randrange(os.path.getsize(path) * 8)

        def flip(data):
            with open(f"{data}/{name}", "r+b") as file:
                file.seek(place // 8)
                byte = file.read(1)[0] ^ 1 << place % 8
                file.seek(place // 8)
                file.write(bytes([byte]))
        judged_start(options, base, flip, verdict, f"{name} bit {place}", prefix_may_end=False)
    base.close()
    return verdict.end()


def slow(options):
    verdict, run = Verdict("slow"), Run(options)
    broker = run.broker(strace("pwritev,pwrite64,fdatasync,fsync:delay_enter=200000"))
    try:
        assert broker.start(60), run.said()
        client = broker.client(60)
        client.create_topic("a", 1)
        times = []
        for number in range(20):
            began = time.time()
            error, _ = client.produce("a", 0, batch([b"%d" % number]))
            assert error == 0
            times.append(time.time() - began)
        verdict.counts["fastest ms"] = int(min(times) * 1000)
        if min(times) < 0.2:
            run.findings.append(f"acknowledged after {min(times):.3f} s, before the disk had it")
    except (Gone, AssertionError) as error:
        run.findings.append(f"{type(error).__name__} {error}")
    finally:
        broker.kill()
    verdict.take("slow", run)
    return verdict.end()


def twice(options):
    verdict, run = Verdict("twice"), Run(options)
    first = run.broker()
    assert first.start()
    options.port += 1
    second = Broker(options.soma, run.data, options.port, log=f"{run.home}/second")
    if second.start() or second.process.returncode in (0, None):
        run.findings.append("a second broker took the directory")
    if run.data not in second.said():
        run.findings.append("the second did not say which directory is in use: " + second.said()[-200:])
    first.kill()
    second.kill()
    verdict.take("twice", run)
    return verdict.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", choices=["kill", "errors", "full", "torn", "flips", "slow", "twice"])
    parser.add_argument("--soma", default=".build/release/soma")
    parser.add_argument("--port", type=int, default=21500)
    parser.add_argument("--folder", help="where data directories are made")
    parser.add_argument("--calls", nargs="*")
    parser.add_argument("--most", type=int, default=1000, help="highest number of a call")
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--count", type=int, default=2000, help="bit flips")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--setting", action="append", default=[], help="broker setting key=value")
    options = parser.parse_args()
    sys.exit(globals()[options.case](options))


if __name__ == "__main__":
    main()
