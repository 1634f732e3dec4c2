#!/usr/bin/env python3
"""Has the recorded conversation with another broker: `KAFKA_HOME=… compare.py HOST:PORT`, and shows where it answers
otherwise than Apache Kafka did. Exit 0 when all differences are in `differences.txt`, which says why each is meant."""
import base64
import collections
import os
import re
import struct
import sys
import uuid

import conversation
import kafka_schema

HERE = os.path.dirname(os.path.abspath(__file__))
# What each broker chooses for itself.
CHOSEN = {"ThrottleTimeMs", "ErrorMessage", "Host", "Port", "Rack", "ClusterId", "ClientHost", "LogDir", "TotalBytes",
          "UsableBytes", "PartitionSize", "BatchIndexErrorMessage", "StartTimestamp", "LastTimestamp", "TransactionStartTimeMs",
          "ClientInstanceId", "SubscriptionId", "ProducerId"}
# Only whether there is one.
IDENTITIES = {"TopicId", "MemberId", "Leader", "SessionId", "Id"}


class Replay(conversation.Peer):
    """Asks as recorded; what is not served is asked in the nearest version, to keep both brokers in step."""

    def __init__(self, address, messages, recorded):
        super().__init__(address, messages, lambda *_: None)
        self.address, self.recorded, self.turns = address, recorded, collections.Counter()
        self.differences, self.unserved, self.compared = [], set(), 0
        answer = super().ask("ApiVersions", 3, ClientSoftwareName="golden", ClientSoftwareVersion="1")
        self.served = {row["ApiKey"]: range(row["MinVersion"], row["MaxVersion"] + 1) for row in answer["ApiKeys"]}

    def ask(self, name, version, **fields):
        key = self.by_name[name][0].key
        place = (key, version, self.turns[key, version])
        self.turns[key, version] += 1
        expected = self.recorded.get(place)
        if key not in self.served or version not in self.served[key]:
            self.unserved.add((name, version))
            if key in self.served:
                try:
                    super().ask(name, min(max(version, self.served[key][0]), self.served[key][-1]), **fields)
                except (EOFError, ValueError):
                    self.reconnect()
            return expected
        label = f"{name} v{version} #{place[2]}"
        try:
            answer = super().ask(name, version, **fields)
        except EOFError:
            self.differences.append((label, "", "answered", "closed the connection"))
            self.reconnect()
            return expected
        if expected is None:
            self.differences.append((label, "", "not asked", "asked"))
        else:
            self.compared += 1
            self.compare(label, "", expected, answer)
        return answer

    def reconnect(self):
        host, _, port = self.address.rpartition(":")
        self.socket = conversation.socket.create_connection((host, int(port)), 30)
        self.socket.settimeout(30)

    def compare(self, label, path, expected, answer):
        name = path.rpartition(".")[2].partition("[")[0]
        if name in CHOSEN:
            return
        if name == "Records":
            expected, answer = batches(expected), batches(answer)
        if isinstance(expected, dict) and isinstance(answer, dict):
            for field in sorted(set(expected) | set(answer)):
                self.compare(label, f"{path}.{field}", expected.get(field), answer.get(field))
        elif isinstance(expected, list) and isinstance(answer, list):
            expected, answer = by_name(expected), by_name(answer)
            for mark in sorted(set(expected) | set(answer), key=str):
                self.compare(label, f"{path}[{mark}]", expected.get(mark), answer.get(mark))
        elif name in IDENTITIES:
            if none(expected) != none(answer):
                self.differences.append((label, path, expected, answer))
        elif expected != answer:
            self.differences.append((label, path, expected, answer))


def batches(raw):
    """Offsets, checksums and producers of the batches; a cut one at the end is none."""
    found, raw = [], raw or b""
    while len(raw) >= 61:
        size = struct.unpack(">i", raw[8:12])[0] + 12
        if len(raw) >= size:
            found.append((struct.unpack(">q", raw[:8])[0], raw[17:21].hex(), struct.unpack(">q", raw[43:51])[0]))
        raw = raw[size:]
    return found


def none(value):
    return value in (None, 0, "", uuid.UUID(int=0))


def by_name(elements):
    """Elements by what names them, as their order is free; by place where nothing does."""
    named = {}
    for place, element in enumerate(elements):
        mark = place
        if isinstance(element, dict):
            # Resources have the name in common with others of another type.
            mark = (element["ResourceType"], element["ResourceName"], element.get("PatternType")) if "ResourceType" in element else next((element[f] for f in ("Name", "Topic", "GroupId", "PartitionIndex", "Partition", "ApiKey", "TransactionalId",
                                              "EntityType", "ResourceName", "User", "Key") if element.get(f) not in (None, "")), place)
        named[mark if mark not in named else (mark, place)] = element
    return named


def meant(differences):
    rules = []
    for line in open(os.path.join(HERE, "differences.txt")):
        if line.strip() and not line.startswith("#"):
            rules.append(re.compile(line.split("  ")[0].strip()))
    left = [d for d in differences if not any(rule.search(f"{d[0]} {d[1]}") for rule in rules)]
    unused = [rule.pattern for rule in rules if not any(rule.search(f"{d[0]} {d[1]}") for d in differences)]
    return left, unused


def main():
    messages = kafka_schema.load(os.environ["KAFKA_HOME"])
    recorded, turns = {}, collections.Counter()
    for line in open(os.path.join(HERE, "conversation.frames")):
        _, key, version, side, text = line.split()
        if side == "a":
            key, version = int(key), int(version)
            body = kafka_schema.split_response(messages[key][1], version, base64.b64decode(text))[1]
            recorded[key, version, turns[key, version]] = messages[key][1].decode(body, version)
            turns[key, version] += 1
    replay = Replay(sys.argv[1], messages, recorded)
    conversation.converse(replay)
    left, unused = meant(replay.differences)
    grouped = collections.defaultdict(list)
    for label, path, expected, answer in left:
        name, version, turn = label.split()
        grouped[name, turn, re.sub(r"(?<=[a-z])\d+", "N", path), repr(expected)[:150], repr(answer)[:150]].append(version)
    for (name, turn, path, expected, answer), found in grouped.items():
        print(f"{name} {','.join(found)} {turn} {path}: Kafka {expected}, here {answer}")
    for rule in unused:
        print(f"differences.txt: nothing matches {rule}")
    served = collections.defaultdict(list)
    for name, version in sorted(replay.unserved):
        served[name].append(version)
    print(f"{replay.compared} answers compared, {len(replay.differences)} differences, {len(left)} not explained;",
          "not served:", ", ".join(f"{name} {min(v)}-{max(v)}" for name, v in served.items()) or "nothing")
    sys.exit(1 if left else 0)


if __name__ == "__main__":
    main()
