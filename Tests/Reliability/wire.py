"""A client of a few lines that speaks old, fixed versions of Kafka's protocol and remembers what was acknowledged."""
import os
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Golden"))
from conversation import batch  # noqa: E402


class Gone(Exception):
    """The broker closed the connection or did not answer in time."""


def text(value):
    return b"\xff\xff" if value is None else struct.pack(">h", len(value)) + value.encode()


class Reader:
    def __init__(self, raw):
        self.raw, self.at = raw, 0

    def take(self, form):
        size = struct.calcsize(">" + form)
        values = struct.unpack(">" + form, self.raw[self.at:self.at + size])
        self.at += size
        return values[0] if len(values) == 1 else values

    def text(self):
        length = self.take("h")
        if length < 0:
            return None
        self.at += length
        return self.raw[self.at - length:self.at].decode()

    def bytes(self):
        length = self.take("i")
        if length < 0:
            return b""
        self.at += length
        return self.raw[self.at - length:self.at]


class Client:
    def __init__(self, port, timeout=10):
        try:
            self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        except OSError as error:
            raise Gone(str(error)) from error
        self.socket.settimeout(timeout)
        self.correlation = 0

    def close(self):
        self.socket.close()

    def call(self, key, version, body):
        self.correlation += 1
        frame = struct.pack(">hhih", key, version, self.correlation, 1) + b"t" + body
        try:
            self.socket.sendall(struct.pack(">i", len(frame)) + frame)
            size = struct.unpack(">i", self.receive(4))[0]
            reader = Reader(self.receive(size))
        except (OSError, struct.error) as error:
            raise Gone(str(error)) from error
        assert reader.take("i") == self.correlation
        return reader

    def receive(self, count):
        raw = b""
        while len(raw) < count:
            part = self.socket.recv(count - len(raw))
            if not part:
                raise Gone("closed")
            raw += part
        return raw

    def create_topic(self, name, partitions=1, configs=()):
        body = struct.pack(">i", 1) + text(name) + struct.pack(">ihii", partitions, 1, 0, len(configs))
        for key, value in configs:
            body += text(key) + text(value)
        reader = self.call(19, 2, body + struct.pack(">ib", 10000, 0))
        reader.take("ii"), reader.text()
        return reader.take("h")

    def delete_topic(self, name):
        reader = self.call(20, 1, struct.pack(">i", 1) + text(name) + struct.pack(">i", 10000))
        reader.take("ii"), reader.text()
        return reader.take("h")

    def topics(self):
        """{name: partition count} of all topics."""
        reader = self.call(3, 1, struct.pack(">i", -1))
        for _ in range(reader.take("i")):
            reader.take("i"), reader.text(), reader.take("i"), reader.text()
        reader.take("i")
        found = {}
        for _ in range(reader.take("i")):
            _, name, _ = reader.take("h"), reader.text(), reader.take("b")
            count = reader.take("i")
            for _ in range(count):
                reader.take("hii")
                for _ in range(2):
                    reader.take(f"{reader.take('i')}i")
            found[name] = count
        return found

    def produce(self, topic, partition, records, acks=-1, transactional=None):
        """(error, base offset)"""
        body = text(transactional) + struct.pack(">hii", acks, 5000, 1) + text(topic) + struct.pack(">iii", 1, partition, len(records))
        reader = self.call(0, 3, body + records)
        reader.take("i"), reader.text()
        _, _, error, offset, _ = reader.take("iihqq")
        return error, offset

    def fetch(self, topic, partition, offset, most=1 << 20, isolation=0):
        """(error, high watermark, batches)"""
        body = struct.pack(">iiiib", -1, 0, 0, most, isolation) + struct.pack(">i", 1) + text(topic)
        reader = self.call(1, 4, body + struct.pack(">iiqi", 1, partition, offset, most))
        reader.take("ii"), reader.text()
        _, _, error, high, _ = reader.take("iihqq")
        for _ in range(max(reader.take("i"), 0)):
            reader.take("qq")
        return error, high, reader.bytes()

    def list_offset(self, topic, partition, stamp=-1):
        reader = self.call(2, 1, struct.pack(">ii", -1, 1) + text(topic) + struct.pack(">iiq", 1, partition, stamp))
        reader.take("i"), reader.text()
        _, _, error, _, offset = reader.take("iihqq")
        return error, offset

    def commit(self, group, topic, partition, offset):
        body = text(group) + struct.pack(">i", -1) + text("") + struct.pack(">qi", -1, 1) + text(topic)
        reader = self.call(8, 2, body + struct.pack(">iiq", 1, partition, offset) + text("note"))
        reader.take("i"), reader.text()
        _, _, error = reader.take("iih")
        return error

    def committed(self, group, topic, partition):
        reader = self.call(9, 1, text(group) + struct.pack(">i", 1) + text(topic) + struct.pack(">ii", 1, partition))
        reader.take("i"), reader.text()
        _, _, offset = reader.take("iiq")
        reader.text()
        error = reader.take("h")
        return error, offset

    def delete_records(self, topic, partition, offset):
        body = struct.pack(">i", 1) + text(topic) + struct.pack(">iiqi", 1, partition, offset, 5000)
        reader = self.call(21, 0, body)
        reader.take("ii"), reader.text()
        _, _, low, error = reader.take("iiqh")
        return error, low

    def producer_id(self, transactional=None):
        reader = self.call(22, 0, text(transactional) + struct.pack(">i", 60000))
        _, error, identity, epoch = reader.take("ihqh")
        return error, identity, epoch

    def add_partitions(self, name, identity, epoch, topic, partitions):
        body = text(name) + struct.pack(">qhi", identity, epoch, 1) + text(topic) + struct.pack(f">i{len(partitions)}i", len(partitions), *partitions)
        reader = self.call(24, 0, body)
        reader.take("ii"), reader.text(), reader.take("i")
        return reader.take("ih")[1]

    def end_transaction(self, name, identity, epoch, commit):
        return self.call(26, 0, text(name) + struct.pack(">qhb", identity, epoch, commit)).take("ih")[1]


def records(raw):
    """(offset, value) of each record, and the control batches as (offset, None)."""
    found, at = [], 0
    while at + 61 <= len(raw):
        base, size = struct.unpack(">qi", raw[at:at + 12])
        whole = raw[at:at + 12 + size]
        if len(whole) < 12 + size:
            break
        attributes, last = struct.unpack(">hi", whole[21:27])
        count = struct.unpack(">i", whole[57:61])[0]
        place = 61
        for _ in range(count):
            length, place = varint(whole, place)
            end = place + length
            place += 1
            _, place = varint(whole, place)
            delta, place = varint(whole, place)
            key, place = varint(whole, place)
            place += max(key, 0)
            value, place = varint(whole, place)
            found.append((base + delta, None if attributes & 0x20 else whole[place:place + max(value, 0)]))
            place = end
        at += 12 + size
    return found


def varint(raw, at):
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value >> 1 ^ -(value & 1), at


def read_all(client, topic, partition, isolation=0):
    """Every record from the log's start; raises when the broker refuses to read."""
    error, offset = client.list_offset(topic, partition, -2)
    assert error == 0, f"list offsets: {error}"
    error, end = client.list_offset(topic, partition, -1)
    assert error == 0, f"list offsets: {error}"
    start, found = offset, []
    while offset < end:
        error, _, raw = client.fetch(topic, partition, offset, isolation=isolation)
        if error:
            raise AssertionError(f"fetch of {topic}-{partition} at {offset}: error {error}")
        part = [r for r in records(raw) if r[0] >= offset]
        if not part:
            raise AssertionError(f"{topic}-{partition}: nothing at {offset}, the end is {end}")
        found += part
        offset = part[-1][0] + 1
    return start, end, found


def any_in_session(process):
    for name in os.listdir("/proc") if process else ():
        try:
            if name.isdigit() and os.getsid(int(name)) == process.pid and open(f"/proc/{name}/stat").read().rpartition(")")[2].split()[0] != "Z":
                return True
        except OSError:
            continue
    return False


class Broker:
    """`soma serve broker` in a process of its own."""

    def __init__(self, soma, data, port, settings=(), prefix=(), log=None):
        self.words = [*prefix, soma, "serve", "broker", "--data", data, "--listen", f"127.0.0.1:{port}"]
        for setting in settings:
            self.words += ["-X", setting]
        self.port, self.log = port, log or data.rstrip("/") + ".log"
        self.process = None

    def start(self, wait=15):
        self.wait_for_port()
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(self.words, stdout=out, stderr=out, start_new_session=True)
        end = time.monotonic() + wait
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            except OSError:
                if self.process.poll() is not None:
                    return False
                time.sleep(0.02)
        return False

    def wait_for_port(self):
        """A process of an earlier run that lives on, or dies slowly, would answer in place of this one."""
        for _ in range(100):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    return probe.bind(("127.0.0.1", self.port))
                except OSError:
                    time.sleep(0.05)
        raise SystemExit(f"port {self.port} is taken")

    def client(self, timeout=10):
        return Client(self.port, timeout)

    def kill(self):
        if self.process and self.process.poll() is None:
            # The whole session: a tracer and what it traces.
            os.killpg(self.process.pid, 9)
        if self.process:
            self.process.wait()
        # What a tracer leaves behind dies a little later than the tracer.
        while any_in_session(self.process):
            time.sleep(0.01)

    def pid(self):
        """The broker's own, below a tracer if there is one."""
        pid = self.process.pid
        while True:
            children = open(f"/proc/{pid}/task/{pid}/children").read().split()
            if not children:
                return pid
            pid = int(children[0])

    def stop(self, wait=15):
        os.kill(self.pid(), signal.SIGTERM)
        return self.process.wait(wait)

    def said(self):
        return open(self.log, errors="replace").read()
