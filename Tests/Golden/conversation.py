"""A conversation with a broker that asks every API in every version: what is recorded from Apache Kafka and replayed to ours.

Steps are plain values named as in Kafka's schemas. Names that a client chooses are fixed; what the broker chooses (topic
ids, member ids, session ids) is taken from its answers.
"""
import socket
import struct
import time
import uuid

import kafka_schema

BASE_TIME = 1_700_000_000_000


def crc32c_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        table.append(n)
    return table


CRC = crc32c_table()


def crc32c(raw):
    crc = 0xFFFFFFFF
    for byte in raw:
        crc = crc >> 8 ^ CRC[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def zigzag(number):
    out, number = bytearray(), (number << 1) ^ (number >> 63)
    kafka_schema.write_varint(out, number & 0xFFFFFFFFFFFFFFFF)
    return bytes(out)


def batch(values, producer=(-1, -1, -1), attributes=0, spoil=False, timestamp=BASE_TIME):
    records = b""
    for index, value in enumerate(values):
        key = b"k%d" % index
        body = b"\0" + zigzag(index) + zigzag(index) + zigzag(len(key)) + key + zigzag(len(value)) + value + zigzag(0)
        records += zigzag(len(body)) + body
    checked = struct.pack(">hiqqqhii", attributes, len(values) - 1, timestamp, timestamp + len(values) - 1, *producer, len(values))
    checked += records
    crc = crc32c(checked) ^ (1 if spoil else 0)
    return struct.pack(">qiibI", 0, len(checked) + 9, 0, 2, crc) + checked


class Peer:
    """One connection that notes what goes over it."""

    def __init__(self, address, messages, note):
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), 30)
        self.socket.settimeout(30)
        self.messages, self.note, self.correlation = messages, note, 0
        self.by_name = {request.name.removesuffix("Request"): (request, response) for request, response in messages.values()}

    def ask(self, name, version, **fields):
        """Asks and notes what was said."""
        return self.exchange(name, version, note=self.note, **fields)

    def exchange(self, name, version, note=None, **fields):
        request, response = self.by_name[name]
        self.correlation += 1
        frame = kafka_schema.request_frame(request, version, self.correlation, "golden", request.encode(fields, version))
        self.socket.sendall(struct.pack(">i", len(frame)) + frame)
        answer = self.receive(struct.unpack(">i", self.receive(4))[0])
        if note:
            note(request.key, version, frame, answer)
        correlation, body = kafka_schema.split_response(response, version, answer)
        assert correlation == self.correlation
        return response.decode(body, version)

    def receive(self, count):
        raw = b""
        while len(raw) < count:
            part = self.socket.recv(count - len(raw))
            if not part:
                raise EOFError(f"closed, {len(raw)} of {count} bytes read")
            raw += part
        return raw

    def versions(self, name, low=0, high=99):
        return [v for v in self.by_name[name][0].range if low <= v <= high]


def warm_up(p):
    """Until the coordinators' topics are there and loaded, which a fresh Kafka does at the first question."""
    ready = {"FindCoordinator 0": ("FindCoordinator", 3, {"Key": "g", "KeyType": 0}), "FindCoordinator 1": ("FindCoordinator", 3, {"Key": "t", "KeyType": 1}),
             "groups": ("OffsetFetch", 7, {"GroupId": "g", "Topics": None}),
             "ids": ("InitProducerId", 4, {"TransactionalId": None, "TransactionTimeoutMs": 60000}),
             "transactions": ("InitProducerId", 4, {"TransactionalId": "t", "TransactionTimeoutMs": 60000})}
    for name, version, fields in ready.values():
        for _ in range(100):
            if p.exchange(name, version, **fields)["ErrorCode"] not in (14, 15, 16, 51):
                break
            time.sleep(0.1)


def converse(p):
    """The whole conversation over one connection to a fresh broker."""
    warm_up(p)
    for v in p.versions("ApiVersions"):
        p.ask("ApiVersions", v, ClientSoftwareName="golden", ClientSoftwareVersion="1.0")
    topics(p)
    ids = {t["Name"]: t["TopicId"] for t in p.ask("Metadata", 12, Topics=None)["Topics"]}
    data(p, ids)
    groups(p, ids)
    transactions(p)
    administration(p, ids)
    security(p)
    deletion(p)


def topics(p):
    def topic(name, partitions=2, replicas=1, configs=(), assignments=()):
        return {"Name": name, "NumPartitions": partitions, "ReplicationFactor": replicas,
                "Configs": [{"Name": k, "Value": w} for k, w in configs], "Assignments": list(assignments)}

    for v in p.versions("CreateTopics"):
        p.ask("CreateTopics", v, timeoutMs=10000, Topics=[topic(f"c{v}", configs=[("retention.ms", "1000000000000")])])
        p.ask("CreateTopics", v, timeoutMs=10000, Topics=[topic(f"c{v}")])
        p.ask("CreateTopics", v, timeoutMs=10000, Topics=[topic("bad name!")])
        p.ask("CreateTopics", v, timeoutMs=10000, Topics=[topic(f"none{v}", partitions=0)])
        p.ask("CreateTopics", v, timeoutMs=10000, Topics=[topic(f"wide{v}", replicas=3)])
        p.ask("CreateTopics", v, timeoutMs=10000, Topics=[topic(f"odd{v}", configs=[("no.such.config", "1")])])
        p.ask("CreateTopics", v, timeoutMs=10000, validateOnly=True, Topics=[topic(f"dry{v}")])
        p.ask("CreateTopics", v, timeoutMs=10000, Topics=[topic(f"twin{v}"), topic(f"twin{v}")])
        p.ask("CreateTopics", v, timeoutMs=10000, Topics=[
            topic(f"set{v}", -1, -1, assignments=[{"PartitionIndex": 0, "BrokerIds": [1]}])])
    p.ask("CreateTopics", 5, timeoutMs=10000, Topics=[topic("data", 3, configs=[("retention.ms", "-1"), ("max.message.bytes", "300")])])
    p.ask("CreateTopics", 5, timeoutMs=10000, Topics=[topic("deflt", -1, -1), topic("compact", 1, configs=[("cleanup.policy", "compact")])])
    for v in p.versions("Metadata"):
        p.ask("Metadata", v, Topics=[{"Name": "c2"}, {"Name": "data"}])
        if v >= 4:
            p.ask("Metadata", v, Topics=[{"Name": "unknown"}], AllowAutoTopicCreation=False)
        if v >= 1:
            p.ask("Metadata", v, Topics=[])
        if v >= 8:
            p.ask("Metadata", v, Topics=[{"Name": "data"}], IncludeTopicAuthorizedOperations=True)
        if v >= 12:
            found = p.ask("Metadata", v, Topics=[{"Name": "data"}])["Topics"][0]["TopicId"]
            p.ask("Metadata", v, Topics=[{"TopicId": found, "Name": None}])
            p.ask("Metadata", v, Topics=[{"TopicId": uuid.UUID(int=7), "Name": None}])
    p.ask("DescribeTopicPartitions", 0, Topics=[{"Name": "data"}, {"Name": "unknown"}], ResponsePartitionLimit=100)
    p.ask("DescribeTopicPartitions", 0, Topics=[{"Name": "data"}, {"Name": "c2"}], ResponsePartitionLimit=3)
    for v in p.versions("CreatePartitions"):
        grow = lambda **fields: p.ask("CreatePartitions", v, TimeoutMs=10000, **fields)
        grow(Topics=[{"Name": f"c{v + 2}", "Count": 4, "Assignments": None}])
        grow(Topics=[{"Name": f"c{v + 2}", "Count": 3, "Assignments": None}])
        grow(Topics=[{"Name": f"c{v + 2}", "Count": 4, "Assignments": None}])
        grow(Topics=[{"Name": "unknown", "Count": 4, "Assignments": None}])
        grow(Topics=[{"Name": f"c{v + 2}", "Count": 6, "Assignments": None}], ValidateOnly=True)


def produce_fields(ids, version, records, topic="data", partition=0, acks=-1, transactional=None):
    data = {"PartitionData": [{"Index": partition, "Records": records}]}
    data.update({"TopicId": ids[topic] if topic in ids else uuid.UUID(int=9)} if version >= 13 else {"Name": topic})
    return {"TransactionalId": transactional, "Acks": acks, "TimeoutMs": 5000, "TopicData": [data]}


def fetch_fields(ids, version, offset, topic="data", partition=0, isolation=0, most=100_000, session=(0, -1), forgotten=()):
    where = {"Partition": partition, "FetchOffset": offset, "PartitionMaxBytes": most}
    asked = {"Partitions": [where]}
    asked.update({"TopicId": ids[topic] if topic in ids else uuid.UUID(int=9)} if version >= 13 else {"Topic": topic})
    return {"MaxWaitMs": 0, "MinBytes": 0, "MaxBytes": most, "IsolationLevel": isolation, "SessionId": session[0],
            "SessionEpoch": session[1], "Topics": [asked], "ForgottenTopicsData": list(forgotten), "ReplicaId": -1}


def data(p, ids):
    for v in p.versions("InitProducerId", high=4):
        p.ask("InitProducerId", v, TransactionalId=None, TransactionTimeoutMs=60000)
    for v in p.versions("Produce", low=3):
        say = lambda *a, **k: p.ask("Produce", v, **produce_fields(ids, v, *a, **k))
        say(batch([b"one", b"two"]))
        say(batch([b"three"]), acks=1)
        say(batch([b"x"]), partition=7)
        say(batch([b"x"]), topic="unknown")
        say(batch([b"x"], spoil=True))
        say(batch([b"x" * 400]))
        say(batch([b"x"]), acks=2)
        numbered = batch([b"i%d" % v], producer=(3, 0, 0))
        say(numbered, partition=1) if v == 3 else None
        say(batch([b"gap"], producer=(3, 0, 40)), partition=1)
        say(batch([b"old"], producer=(3, -1, 0)), partition=1)
    for v in p.versions("ListOffsets"):
        for stamp in (-1, -2, -3, -4, -5, BASE_TIME, BASE_TIME + 1, BASE_TIME + 10_000):
            if stamp < -2 and v < {-3: 7, -4: 8, -5: 9}[stamp]:
                continue
            p.ask("ListOffsets", v, ReplicaId=-1, TimeoutMs=1000, Topics=[
                {"Name": "data", "Partitions": [{"PartitionIndex": 0, "Timestamp": stamp}]}])
        p.ask("ListOffsets", v, ReplicaId=-1, Topics=[
            {"Name": "data", "Partitions": [{"PartitionIndex": 9, "Timestamp": -1}, {"PartitionIndex": 2, "Timestamp": -1}]},
            {"Name": "unknown", "Partitions": [{"PartitionIndex": 0, "Timestamp": -1}]}])
        p.ask("ListOffsets", v, ReplicaId=-1, Topics=[
            {"Name": "data", "Partitions": [{"PartitionIndex": 0, "Timestamp": -1, "CurrentLeaderEpoch": 9}]}])
    for v in p.versions("Fetch"):
        get = lambda *a, **k: p.ask("Fetch", v, **fetch_fields(ids, v, *a, **k))
        get(0, most=400)
        get(1, most=10)
        get(5, isolation=1, most=200)
        get(1_000_000)
        get(0, partition=2)
        get(0, partition=7)
        get(0, topic="unknown")
        if v >= 7:
            session = get(0, most=200, session=(0, 0))["SessionId"]
            p.ask("Fetch", v, **{**fetch_fields(ids, v, 2, most=200, session=(session, 1)), "Topics": []})
            get(2, most=200, session=(session, 2))
            get(2, most=200, session=(session, 9))
            get(2, most=200, session=(12345, 3))
    for v in p.versions("OffsetForLeaderEpoch"):
        for epoch in (0, 5):
            p.ask("OffsetForLeaderEpoch", v, ReplicaId=-1, Topics=[
                {"Topic": "data", "Partitions": [{"Partition": 0, "CurrentLeaderEpoch": -1, "LeaderEpoch": epoch}]}])
        p.ask("OffsetForLeaderEpoch", v, ReplicaId=-1, Topics=[
            {"Topic": "unknown", "Partitions": [{"Partition": 0, "CurrentLeaderEpoch": -1, "LeaderEpoch": 0}]}])
    for v in p.versions("DeleteRecords"):
        for partition, offset in ((0, v + 1), (0, 10_000), (9, 1)):
            p.ask("DeleteRecords", v, TimeoutMs=5000, Topics=[{"Name": "data", "Partitions": [
                {"PartitionIndex": partition, "Offset": offset}]}])


def groups(p, ids):
    for v in p.versions("FindCoordinator"):
        for kind in (0, 1, 9):
            if v == 0 and kind:
                continue
            p.ask("FindCoordinator", v, Key="group", KeyType=kind, **({"CoordinatorKeys": ["g1", "g2"]} if v >= 4 else {}))
    for v in p.versions("JoinGroup"):
        classic(p, v)
    for v in p.versions("JoinGroup", low=5):
        classic(p, v, instance="instance")
    unknown = {"GroupId": "nobody", "MemberId": "stranger", "GenerationId": 3}
    for v in p.versions("Heartbeat"):
        p.ask("Heartbeat", v, **unknown)
    for v in p.versions("SyncGroup"):
        p.ask("SyncGroup", v, **unknown, ProtocolType="consumer", ProtocolName="range", Assignments=[])
    for v in p.versions("LeaveGroup"):
        who = {"Members": [{"MemberId": "stranger"}]} if v >= 3 else {"MemberId": "stranger"}
        p.ask("LeaveGroup", v, GroupId="nobody", **who)
    for v in p.versions("OffsetCommit"):
        name = {"TopicId": ids["data"]} if v >= 10 else {"Name": "data"}
        where = lambda partition, text: {"PartitionIndex": partition, "CommittedOffset": 11 + v, "CommittedMetadata": text}
        ask = lambda **fields: p.ask("OffsetCommit", v, **{"GroupId": f"simple{v}", "GenerationIdOrMemberEpoch": -1, "MemberId": "", **fields})
        ask(Topics=[{**name, "Partitions": [where(0, "note"), where(1, None)]}])
        ask(Topics=[{**name, "Partitions": [where(0, "x" * 4100)]}]) if v == 8 else None
        ask(Topics=[{**name, "Partitions": [where(9, "")]}])
        ask(GroupId="nobody", GenerationIdOrMemberEpoch=4, MemberId="stranger", Topics=[{**name, "Partitions": [where(0, "")]}])
    for v in p.versions("OffsetFetch"):
        for group in ("simple5", "nobody"):
            if v >= 8:
                name = {"TopicId": ids["data"]} if v >= 10 else {"Name": "data"}
                p.ask("OffsetFetch", v, Groups=[{"GroupId": group, "Topics": [{**name, "PartitionIndexes": [0, 1, 2]}]},
                                                {"GroupId": "simple2", "Topics": None}])
            else:
                p.ask("OffsetFetch", v, GroupId=group, Topics=[{"Name": "data", "PartitionIndexes": [0, 1, 2]}])
                p.ask("OffsetFetch", v, GroupId=group, Topics=None) if v >= 2 else None
    for v in p.versions("ListGroups"):
        p.ask("ListGroups", v)
        p.ask("ListGroups", v, StatesFilter=["Stable"]) if v >= 4 else None
        p.ask("ListGroups", v, TypesFilter=["consumer"]) if v >= 5 else None
    for v in p.versions("DescribeGroups"):
        p.ask("DescribeGroups", v, Groups=["simple5", "nobody"])
        p.ask("DescribeGroups", v, Groups=["classic9i"], IncludeAuthorizedOperations=v >= 3)
    p.ask("OffsetDelete", 0, GroupId="simple6", Topics=[{"Name": "data", "Partitions": [{"PartitionIndex": 0}]}])
    p.ask("OffsetDelete", 0, GroupId="nobody", Topics=[{"Name": "data", "Partitions": [{"PartitionIndex": 0}]}])
    for v in p.versions("DeleteGroups"):
        p.ask("DeleteGroups", v, GroupsNames=[f"simple{v + 3}", "nobody", "classic9i"])
    next_generation(p, ids)


def classic(p, v, instance=None):
    group = f"classic{v}" + ("i" if instance else "")
    subscription = struct.pack(">hi", 1, 1) + struct.pack(">h", 4) + b"data" + struct.pack(">ii", -1, 0)
    join = {"GroupId": group, "SessionTimeoutMs": 30000, "RebalanceTimeoutMs": 30000, "MemberId": "", "ProtocolType": "consumer",
            "Protocols": [{"Name": "range", "Metadata": subscription}], "GroupInstanceId": instance}
    joined = p.ask("JoinGroup", v, **join)
    if joined["ErrorCode"] == 79:
        joined = p.ask("JoinGroup", v, **{**join, "MemberId": joined["MemberId"]})
    me = {"GroupId": group, "MemberId": joined["MemberId"], "GenerationId": joined["GenerationId"]}
    p.ask("JoinGroup", v, **{**join, "ProtocolType": "other"})
    p.ask("JoinGroup", v, **{**join, "SessionTimeoutMs": 1})
    assignment = struct.pack(">hi", 1, 1) + struct.pack(">h", 4) + b"data" + struct.pack(">iiii", 2, 0, 1, -1)
    p.ask("SyncGroup", min(v, 5), **me, ProtocolType="consumer", ProtocolName="range",
          Assignments=[{"MemberId": me["MemberId"], "Assignment": assignment}])
    p.ask("Heartbeat", min(v, 4), **me)
    p.ask("Heartbeat", min(v, 4), **{**me, "GenerationId": 7})
    commit = max(2, min(v, 9))
    p.ask("OffsetCommit", commit, GroupId=group, MemberId=me["MemberId"], GenerationIdOrMemberEpoch=me["GenerationId"],
          Topics=[{"Name": "data", "Partitions": [{"PartitionIndex": 0, "CommittedOffset": 3, "CommittedMetadata": ""}]}])
    p.ask("OffsetCommit", commit, GroupId=group, MemberId=me["MemberId"], GenerationIdOrMemberEpoch=9,
          Topics=[{"Name": "data", "Partitions": [{"PartitionIndex": 0, "CommittedOffset": 3, "CommittedMetadata": ""}]}])
    p.ask("DescribeGroups", min(v, 6), Groups=[group])
    if instance and v == 9:
        return
    leave = min(v, 5)
    p.ask("LeaveGroup", leave, GroupId=group, **(
        {"Members": [{"MemberId": me["MemberId"], "GroupInstanceId": instance, "Reason": "done"}]} if leave >= 3 else {"MemberId": me["MemberId"]}))
    p.ask("DescribeGroups", min(v, 6), Groups=[group])


def next_generation(p, ids):
    for v in p.versions("ConsumerGroupHeartbeat"):
        member = f"AAAAAAAAAAAAAAAAAAAAA{v}"
        base = {"GroupId": f"next{v}", "MemberId": member, "MemberEpoch": 0, "RebalanceTimeoutMs": 30000,
                "SubscribedTopicNames": ["data"], "ServerAssignor": None, "TopicPartitions": []}
        p.ask("ConsumerGroupHeartbeat", v, **base)
        p.ask("ConsumerGroupHeartbeat", v, **{**base, "MemberEpoch": 77})
        p.ask("ConsumerGroupHeartbeat", v, **{**base, "GroupId": "classic9i"})
        p.ask("ConsumerGroupHeartbeat", v, **{**base, "GroupId": f"other{v}", "ServerAssignor": "none"})
    for v in p.versions("ConsumerGroupDescribe"):
        p.ask("ConsumerGroupDescribe", v, GroupIds=[f"next{v}", "nobody"])
    for v in p.versions("ConsumerGroupHeartbeat"):
        p.ask("ConsumerGroupHeartbeat", v, GroupId=f"next{v}", MemberId=f"AAAAAAAAAAAAAAAAAAAAA{v}", MemberEpoch=-1)


def transactions(p):
    ids = {t["Name"]: t["TopicId"] for t in p.ask("Metadata", 12, Topics=[{"Name": "data"}, {"Name": "c7"}])["Topics"]}
    commit = {"GroupId": "txn-group", "Topics": [{"Name": "data", "Partitions": [
        {"PartitionIndex": 0, "CommittedOffset": 5, "CommittedMetadata": None}]}]}
    for v in p.versions("InitProducerId"):
        name = f"txn{v}"
        p.ask("InitProducerId", v, TransactionalId=f"long{v}", TransactionTimeoutMs=2_000_000_000)
        given = p.ask("InitProducerId", v, TransactionalId=name, TransactionTimeoutMs=60000)
        given = p.ask("InitProducerId", v, TransactionalId=name, TransactionTimeoutMs=60000)
        me = {"TransactionalId": name, "ProducerId": given["ProducerId"], "ProducerEpoch": given["ProducerEpoch"]}
        stale = {**me, "ProducerEpoch": me["ProducerEpoch"] - 1}
        one = {"V3AndBelowTopics": [{"Name": "data", "Partitions": [2]}], **{"V3AndBelow" + k: w for k, w in me.items()}}
        bad = {"V3AndBelowTopics": [{"Name": "data", "Partitions": [2, 9]}, {"Name": "unknown", "Partitions": [0]}]}
        add, end = min(v, 3), min(v, 4)
        p.ask("EndTxn", end, **me, Committed=True)
        p.ask("AddPartitionsToTxn", add, **{**one, **bad})
        p.ask("AddPartitionsToTxn", add, **{**one, "V3AndBelowProducerEpoch": stale["ProducerEpoch"]})
        p.ask("AddPartitionsToTxn", add, **one)
        p.ask("DescribeTransactions", 0, TransactionalIds=[name, "nobody"])
        sequence = lambda n: (me["ProducerId"], me["ProducerEpoch"], n)
        say = lambda records, **k: p.ask("Produce", 11, **produce_fields(ids, 11, records, partition=2, transactional=name, **k))
        say(batch([b"t"], producer=sequence(0), attributes=0x10))
        p.ask("Fetch", 12, **fetch_fields(ids, 12, 0, partition=2, isolation=1))
        p.ask("ListOffsets", 7, ReplicaId=-1, IsolationLevel=1, Topics=[{"Name": "data", "Partitions": [{"PartitionIndex": 2, "Timestamp": -1}]}])
        p.ask("DescribeProducers", 0, Topics=[{"Name": "data", "PartitionIndexes": [2, 9]}])
        p.ask("AddOffsetsToTxn", min(v, 4), **me, GroupId="txn-group")
        p.ask("AddOffsetsToTxn", min(v, 4), **stale, GroupId="txn-group")
        p.ask("TxnOffsetCommit", min(v, 4), **me, **commit)
        p.ask("TxnOffsetCommit", min(v, 4), **me, **commit, GenerationId=4, MemberId="stranger") if v >= 3 else None
        p.ask("OffsetFetch", 7, GroupId="txn-group", Topics=[{"Name": "data", "PartitionIndexes": [0]}], RequireStable=True)
        p.ask("EndTxn", end, **stale, Committed=True)
        p.ask("EndTxn", end, **me, Committed=v % 2 == 0)
        p.ask("EndTxn", end, **me, Committed=v % 2 == 0)
    for v in p.versions("ListTransactions"):
        p.ask("ListTransactions", v)
        p.ask("ListTransactions", v, StateFilters=["Ongoing", "NoSuchState"])
        p.ask("ListTransactions", v, StateFilters=[], ProducerIdFilters=[999_999])
    # Transactions of version 2: the partition joins with the data, the epoch rises at each end.
    given = p.ask("InitProducerId", 5, TransactionalId="tv2", TransactionTimeoutMs=60000)
    me = {"TransactionalId": "tv2", "ProducerId": given["ProducerId"], "ProducerEpoch": given["ProducerEpoch"]}
    p.ask("Produce", 12, **produce_fields(ids, 12, batch([b"t"], producer=(me["ProducerId"], me["ProducerEpoch"], 0), attributes=0x10),
                                          topic="c7", transactional="tv2"))
    p.ask("TxnOffsetCommit", 5, **me, **commit)
    p.ask("EndTxn", 5, **me, Committed=True)


def administration(p, ids):
    for v in p.versions("DescribeCluster"):
        p.ask("DescribeCluster", v)
    for v in p.versions("DescribeConfigs"):
        keys = ["retention.ms", "cleanup.policy", "max.message.bytes", "compression.type", "min.insync.replicas"]
        for synonyms in (False, True):
            p.ask("DescribeConfigs", v, IncludeSynonyms=synonyms, Resources=[
                {"ResourceType": 2, "ResourceName": "data", "ConfigurationKeys": keys}])
        p.ask("DescribeConfigs", v, IncludeDocumentation=True, Resources=[
            {"ResourceType": 2, "ResourceName": "data", "ConfigurationKeys": ["segment.bytes"]}])
        p.ask("DescribeConfigs", v, Resources=[{"ResourceType": 4, "ResourceName": "1", "ConfigurationKeys": ["num.partitions", "message.max.bytes"]}])
        p.ask("DescribeConfigs", v, Resources=[{"ResourceType": 2, "ResourceName": "unknown", "ConfigurationKeys": None}])
        p.ask("DescribeConfigs", v, Resources=[{"ResourceType": 4, "ResourceName": "99", "ConfigurationKeys": None}])
    for v in p.versions("AlterConfigs"):
        for name, key, value in (("c2", "retention.ms", "7000000000"), ("c2", "no.such", "1"), ("c2", "retention.ms", "soon"), ("unknown", "retention.ms", "1")):
            p.ask("AlterConfigs", v, Resources=[{"ResourceType": 2, "ResourceName": name, "Configs": [{"Name": key, "Value": value}]}])
    for v in p.versions("IncrementalAlterConfigs"):
        for name, operation, key, value in (
            ("c3", 0, "retention.ms", "8000000000"), ("c3", 1, "retention.ms", None), ("c3", 2, "cleanup.policy", "compact"),
            ("c3", 3, "cleanup.policy", "delete"), ("c3", 2, "retention.ms", "1"), ("c3", 0, "no.such", "1"), ("unknown", 0, "retention.ms", "1"),
        ):
            p.ask("IncrementalAlterConfigs", v, Resources=[{"ResourceType": 2, "ResourceName": name, "Configs": [
                {"Name": key, "ConfigOperation": operation, "Value": value}]}])
    for v in p.versions("ListConfigResources"):
        p.ask("ListConfigResources", v)
        p.ask("ListConfigResources", v, ResourceTypes=[4]) if v else None
    for v in p.versions("DescribeLogDirs"):
        p.ask("DescribeLogDirs", v, Topics=[{"Topic": "c4", "Partitions": [0]}])
    for v in p.versions("AlterReplicaLogDirs"):
        p.ask("AlterReplicaLogDirs", v, Dirs=[{"Path": "/nowhere", "Topics": [{"Name": "c4", "Partitions": [0]}]}])
    for v in p.versions("ElectLeaders"):
        p.ask("ElectLeaders", v, ElectionType=0, TimeoutMs=5000, TopicPartitions=[{"Topic": "c4", "Partitions": [0, 9]}])
    for v in p.versions("AlterPartitionReassignments"):
        p.ask("AlterPartitionReassignments", v, TimeoutMs=5000, Topics=[{"Name": "c4", "Partitions": [{"PartitionIndex": 0, "Replicas": None}]}])
    for v in p.versions("ListPartitionReassignments"):
        p.ask("ListPartitionReassignments", v, TimeoutMs=5000, Topics=None)
    for v in p.versions("UpdateFeatures"):
        p.ask("UpdateFeatures", v, timeoutMs=5000, ValidateOnly=True, FeatureUpdates=[
            {"Feature": "no.such.feature", "MaxVersionLevel": 1, "AllowDowngrade": False, "UpgradeType": 1}])
    for v in p.versions("GetTelemetrySubscriptions"):
        p.ask("GetTelemetrySubscriptions", v, ClientInstanceId=uuid.UUID(int=5))


def security(p):
    for v in p.versions("SaslHandshake"):
        p.ask("SaslHandshake", v, Mechanism="PLAIN")
    for v in p.versions("CreateAcls"):
        entry = {"ResourceType": 2, "ResourceName": f"acl{v}", "ResourcePatternType": 3, "Principal": "User:alice", "Host": "*",
                 "Operation": 3, "PermissionType": 3}
        p.ask("CreateAcls", v, Creations=[entry, {**entry, "ResourcePatternType": 4}])
        p.ask("CreateAcls", v, Creations=[{**entry, "Principal": "nobody"}])
        p.ask("CreateAcls", v, Creations=[{**entry, "Operation": 1}])
        p.ask("CreateAcls", v, Creations=[{**entry, "ResourceType": 4, "ResourceName": "x", "ResourcePatternType": 3}])
    wide = {"ResourceTypeFilter": 1, "ResourceNameFilter": None, "PatternTypeFilter": 1, "PrincipalFilter": None, "HostFilter": None,
            "Operation": 1, "PermissionType": 1}
    for v in p.versions("DescribeAcls"):
        p.ask("DescribeAcls", v, **{**wide, "ResourceTypeFilter": 2, "ResourceNameFilter": f"acl{v}"})
        p.ask("DescribeAcls", v, **{**wide, "ResourceTypeFilter": 2, "ResourceNameFilter": f"acl{v}-more", "PatternTypeFilter": 2})
    for v in p.versions("DeleteAcls"):
        p.ask("DeleteAcls", v, Filters=[{**wide, "ResourceTypeFilter": 2, "ResourceNameFilter": f"acl{v}"}])
        p.ask("DeleteAcls", v, Filters=[{**wide, "ResourceTypeFilter": 2, "ResourceNameFilter": "none"}])
    for v in p.versions("AlterClientQuotas"):
        user = [{"EntityType": "user", "EntityName": f"q{v}"}]
        set_quota = lambda entity, key, value, remove=False: p.ask("AlterClientQuotas", v, ValidateOnly=False, Entries=[
            {"Entity": entity, "Ops": [{"Key": key, "Value": value, "Remove": remove}]}])
        set_quota(user, "producer_byte_rate", 1000.0)
        set_quota(user, "no_such_quota", 1.0)
        set_quota([{"EntityType": "user", "EntityName": None}, {"EntityType": "client-id", "EntityName": "c"}], "request_percentage", 50.0)
        set_quota([{"EntityType": "odd", "EntityName": "x"}], "producer_byte_rate", 1.0)
        p.ask("DescribeClientQuotas", v, Components=[{"EntityType": "user", "MatchType": 0, "Match": f"q{v}"}], Strict=False)
        p.ask("DescribeClientQuotas", v, Components=[{"EntityType": "user", "MatchType": 1, "Match": None}], Strict=False)
        set_quota(user, "producer_byte_rate", 0.0, remove=True)
    scram = {"Name": "alice", "Mechanism": 1, "Iterations": 4096, "Salt": b"salt" * 4, "SaltedPassword": b"p" * 32}
    for change in (scram, {**scram, "Iterations": 10}, {**scram, "Mechanism": 9}, {**scram, "Name": ""}):
        p.ask("AlterUserScramCredentials", 0, Deletions=[], Upsertions=[change])
    p.ask("DescribeUserScramCredentials", 0, Users=[{"Name": "alice"}, {"Name": "bob"}])
    p.ask("AlterUserScramCredentials", 0, Deletions=[{"Name": "alice", "Mechanism": 1}], Upsertions=[])
    p.ask("AlterUserScramCredentials", 0, Deletions=[{"Name": "bob", "Mechanism": 2}], Upsertions=[])
    p.ask("DescribeUserScramCredentials", 0, Users=None)


def deletion(p):
    for v in p.versions("DeleteTopics"):
        if v >= 6:
            found = p.ask("Metadata", 12, Topics=[{"Name": f"c{v}"}])["Topics"][0]["TopicId"]
            p.ask("DeleteTopics", v, TimeoutMs=10000, Topics=[{"Name": None, "TopicId": found}])
            p.ask("DeleteTopics", v, TimeoutMs=10000, Topics=[{"Name": "unknown"}])
            p.ask("DeleteTopics", v, TimeoutMs=10000, Topics=[{"Name": None, "TopicId": uuid.UUID(int=7)}])
        else:
            p.ask("DeleteTopics", v, TimeoutMs=10000, TopicNames=[f"set{v + 2}" if v else "deflt", "unknown"])
