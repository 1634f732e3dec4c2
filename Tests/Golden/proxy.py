"""A proxy that keeps one request and answer of each kind that clients send."""
import os
import socket
import struct
import subprocess
import threading

import kafka_schema

KEPT_BYTES_MAX = 3000


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Proxy:
    def __init__(self, port, target):
        self.target, self.waiting, self.frames, self.lock = target, {}, [], threading.Lock()
        self.server = socket.create_server(("127.0.0.1", port))
        self.source = "kafka"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.server.accept()
            host, _, port = self.target.rpartition(":")
            broker = socket.create_connection((host, int(port)))
            asked = {}
            threading.Thread(target=self.pump, args=(client, broker, asked, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(broker, client, asked, False), daemon=True).start()

    def pump(self, source, target, asked, is_request):
        try:
            while True:
                head = self.exactly(source, 4)
                frame = self.exactly(source, struct.unpack(">i", head)[0])
                if is_request:
                    key, version, correlation = struct.unpack(">hhi", frame[:8])
                    asked[correlation] = (key, version, frame, self.source_of(frame))
                else:
                    found = asked.pop(struct.unpack(">i", frame[:4])[0], None)
                    if found:
                        with self.lock:
                            self.frames.append((*found, frame))
                target.sendall(head + frame)
        except OSError:
            pass
        finally:
            for s in (source, target):
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def source_of(self, frame):
        """The broker talks to itself under names of its own."""
        return self.source if frame[10:].startswith(b"broker-") is False else "kafka"

    @staticmethod
    def exactly(source, count):
        raw = b""
        while len(raw) < count:
            part = source.recv(count - len(raw))
            if not part:
                raise OSError("end")
            raw += part
        return raw


def record_clients(messages, recorder, port, home, python, line):
    here = os.path.dirname(os.path.abspath(__file__))
    clients = os.path.join(here, "..", "CompatibilityTests", "Clients")
    at = f"127.0.0.1:{port}"

    def run(source, *words, text=None):
        recorder.source = source
        done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=120)
        print(f"  {source}: {' '.join(os.path.basename(w) for w in words[:4])}: {done.returncode}")

    def tool(name, *words, text=None):
        run(name, f"{home}/bin/kafka-{name}.sh", "--bootstrap-server", at, *words, text=text)

    tool("topics", "--create", "--topic", "tools", "--partitions", "2")
    tool("topics", "--describe", "--topic", "tools")
    tool("topics", "--alter", "--topic", "tools", "--partitions", "3")
    tool("console-producer", "--topic", "tools", text="a\nb\n")
    tool("console-consumer", "--topic", "tools", "--from-beginning", "--max-messages", "2", "--group", "tools")
    tool("console-consumer", "--topic", "tools", "--from-beginning", "--max-messages", "2", "--group", "next",
         "--command-property", "group.protocol=consumer")
    tool("consumer-groups", "--describe", "--all-groups")
    tool("consumer-groups", "--list", "--state")
    tool("consumer-groups", "--reset-offsets", "--group", "tools", "--topic", "tools", "--to-earliest", "--execute")
    tool("consumer-groups", "--delete-offsets", "--group", "tools", "--topic", "tools")
    tool("consumer-groups", "--delete", "--group", "tools")
    tool("configs", "--alter", "--entity-type", "topics", "--entity-name", "tools", "--add-config", "retention.ms=99999999")
    tool("configs", "--describe", "--entity-type", "topics", "--entity-name", "tools")
    tool("configs", "--alter", "--entity-type", "users", "--entity-name", "u", "--add-config", "producer_byte_rate=1000")
    tool("configs", "--describe", "--entity-type", "users")
    tool("configs", "--alter", "--entity-type", "users", "--entity-name", "u", "--add-config", "SCRAM-SHA-256=[password=p]")
    tool("get-offsets", "--topic", "tools")
    tool("transactions", "list")
    tool("acls", "--add", "--allow-principal", "User:a", "--operation", "Read", "--topic", "tools")
    tool("acls", "--list")
    tool("log-dirs", "--describe", "--topic-list", "tools")
    tool("broker-api-versions")
    tool("topics", "--delete", "--topic", "tools")
    for script in ("confluent", "kafka_python", "aiokafka_client"):
        path = os.path.join(clients, script + ".py")
        if os.path.exists(path):
            for case in subprocess.run([python, path, at, "list"], capture_output=True, text=True).stdout.split():
                run(script, python, path, at, case)
                tool("topics", "--delete", "--topic", "[a-z].*")
    kept, lines = {}, []
    for key, version, request, source, answer in recorder.frames:
        if key not in messages or len(request) > KEPT_BYTES_MAX or len(answer) > KEPT_BYTES_MAX:
            continue
        kept.setdefault((source, key, version), (request, answer))
    for (source, key, version), (request, answer) in sorted(kept.items()):
        lines.append(line(source, key, version, "q", request))
        lines.append(line(source, key, version, "a", answer))
    return lines
