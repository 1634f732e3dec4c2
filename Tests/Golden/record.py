#!/usr/bin/env python3
"""Writes the golden frames anew: `KAFKA_HOME=… Tests/Golden/record.py` (three minutes; needs Java 17).

  schema.frames        every field of every message and version filled, laid out by Kafka's own schema files
  conversation.frames  conversation.py with Apache Kafka, in order
  clients.frames       what Kafka's tools and other clients said through a recording proxy, one of each kind

A line is `source key version q|a base64`: a request or the answer to it, whole frames without their length.
"""
import argparse
import base64
import os
import random
import shutil
import subprocess
import sys
import tempfile

import conversation
import kafka_schema
import proxy

HERE = os.path.dirname(os.path.abspath(__file__))
# What a client may ask of a node; the rest is between brokers and controllers, or of share and streams groups.
BETWEEN_NODES = {4, 5, 6, 7, 52, 53, 54, 56, 58, 59, 62, 63, 64, 67, 70, 73, 80, 81, 82, 83, 84, 85, 86, 87}
LATER = {38, 39, 40, 41, 55, 76, 77, 78, 79, 88, 89, 90, 91, 92}


def line(source, key, version, side, frame):
    return f"{source} {key} {version} {side} {base64.b64encode(frame).decode()}"


def schema_frames(messages):
    lines = []
    for key, (request, response) in messages.items():
        for message, side in ((request, "q"), (response, "a")):
            for version in message.range:
                for seed in (1, 2):
                    plain = message.body.fill(random.Random(seed), version, tags=False)
                    tagged = message.body.fill(random.Random(seed), version, tags=True)
                    rows = [("filled", plain)] + ([("tagged", tagged)] if tagged != plain and seed == 1 else [])
                    for source, value in rows:
                        lines.append(line(source, key, version, side, frame_of(message, side, version, message.encode(value, version))))
    return lines


def frame_of(message, side, version, body):
    if side == "q":
        return kafka_schema.request_frame(message, version, 7, "golden", body)
    head = b"\0\0\0\7"
    return head + (b"\0" if message.key != 18 and message.flexible(version) else b"") + body


def record_conversation(messages, address):
    lines = []

    def note(key, version, frame, answer):
        lines.append(line("talk", key, version, "q", frame))
        lines.append(line("talk", key, version, "a", answer))

    conversation.converse(conversation.Peer(address, messages, note))
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", choices=["schema", "conversation", "clients"])
    parser.add_argument("--python", default=os.environ.get("SOMA_TEST_PYTHON", sys.executable), help="has confluent-kafka, kafka-python, aiokafka")
    options = parser.parse_args()
    home = os.environ["KAFKA_HOME"]
    messages = {k: m for k, m in kafka_schema.load(home).items() if k not in BETWEEN_NODES | LATER}
    if options.only in (None, "schema"):
        save("schema.frames", schema_frames(messages))
    if options.only == "schema":
        return
    port = proxy.free_port()
    data = tempfile.mkdtemp(prefix="golden")
    started = subprocess.run(
        [f"{home}/start", "--data", data, "--heap", "512m", "-X", "offsets.topic.num.partitions=1", "-X",
         "transaction.state.log.num.partitions=1", "-X", f"advertised.listeners=PLAINTEXT://127.0.0.1:{port}"],
        check=True, capture_output=True, text=True).stdout
    kafka = dict(word.split("=", 1) for word in started.split())["bootstrap"]
    recorder = proxy.Proxy(port, kafka)  # Kafka talks to itself through its advertised address
    try:
        if options.only in (None, "conversation"):
            save("conversation.frames", record_conversation(messages, kafka))
        if options.only in (None, "clients"):
            save("clients.frames", proxy.record_clients(messages, recorder, port, home, options.python, line))
    finally:
        subprocess.run([f"{home}/stop", data], check=True)
        shutil.rmtree(data)


def save(name, lines):
    with open(os.path.join(HERE, name), "w") as file:
        file.write("\n".join(lines) + "\n")
    print(f"{name}: {len(lines)} frames, {os.path.getsize(os.path.join(HERE, name)) // 1024} KiB")


if __name__ == "__main__":
    main()
