"""confluent-kafka against a broker: `confluent.py HOST:PORT CASE`. Exit 0 when the case holds."""
import sys
import threading
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

BOOTSTRAP = {"bootstrap.servers": sys.argv[1]}
admin = AdminClient(BOOTSTRAP)


def create(topic, partitions=4, config=None):
    admin.create_topics([NewTopic(topic, partitions, 1, config=config or {})])[topic].result(10)


def produce(topic, values, **settings):
    errors = []
    producer = Producer({**BOOTSTRAP, **settings})
    for index, value in enumerate(values):
        while True:
            try:
                producer.produce(topic, value, key=str(index), on_delivery=lambda e, m: e and errors.append(e))
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    assert producer.flush(30) == 0
    return errors


def consume(topic, count, group="g", seconds=20, **settings):
    consumer = Consumer({**BOOTSTRAP, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False, **settings})
    consumer.subscribe([topic])
    messages, end = [], time.time() + seconds
    while len(messages) < count and time.time() < end:
        message = consumer.poll(0.5)
        if message is not None and not message.error():
            messages.append(message)
    return consumer, messages


def eventually(holds, seconds=5):
    end = time.time() + seconds
    while not holds():
        assert time.time() < end
        time.sleep(0.05)


def case_admin():
    create("a", 3, {"retention.ms": "1000000"})
    metadata = admin.list_topics(timeout=10)
    assert len(metadata.topics["a"].partitions) == 3
    resource = ConfigResource("topic", "a")
    config = admin.describe_configs([resource])[resource].result(10)
    assert config["retention.ms"].value == "1000000", config["retention.ms"]
    assert "cleanup.policy" in config
    try:
        create("a")
        raise AssertionError("created twice")
    except KafkaException as error:
        assert error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS
    try:
        create("b", 1, {"no.such.config": "1"})
        raise AssertionError("an unknown config was accepted")
    except KafkaException as error:
        assert error.args[0].code() == KafkaError.INVALID_CONFIG
    admin.create_partitions([NewPartitions("a", 5)])["a"].result(10)
    eventually(lambda: len(admin.list_topics(timeout=10).topics["a"].partitions) == 5)
    admin.delete_topics(["a"])["a"].result(10)
    eventually(lambda: "a" not in admin.list_topics(timeout=10).topics)


def case_idempotent_producer():
    create("t")
    values = [b"%d" % n for n in range(20000)]
    assert produce("t", values, **{"enable.idempotence": True, "linger.ms": 5}) == []
    consumer, messages = consume("t", len(values))
    assert sorted(int(m.value()) for m in messages) == list(range(20000))
    consumer.close()


def case_codecs():
    for codec in ["gzip", "snappy", "lz4", "zstd"]:
        create(codec, 1)
        values = [b"%d-" % n + b"z" * 200 for n in range(3000)]
        assert produce(codec, values, **{"compression.type": codec, "linger.ms": 20}) == []
        consumer, messages = consume(codec, len(values), group=codec)
        assert [m.value() for m in messages] == values, codec
        consumer.close()


def case_group_rebalance():
    create("t")
    for strategy in ["range", "cooperative-sticky"]:
        group = "g-" + strategy
        seen, stop = [], threading.Event()

        def member():
            consumer = Consumer({**BOOTSTRAP, "group.id": group, "auto.offset.reset": "earliest", "session.timeout.ms": 6000,
                                 "partition.assignment.strategy": strategy})
            consumer.subscribe(["t"])
            while not stop.is_set():
                message = consumer.poll(0.2)
                if message is not None and not message.error():
                    seen.append(message.value())
            consumer.close()

        threads = [threading.Thread(target=member) for _ in range(3)]
        for thread in threads[:2]:
            thread.start()
        produce("t", [b"%s-%d" % (group.encode(), n) for n in range(500)])
        threads[2].start()
        produce("t", [b"%s-%d" % (group.encode(), n) for n in range(500, 1000)])
        wanted = {b"%s-%d" % (group.encode(), n) for n in range(1000)}
        end = time.time() + 25
        while not wanted <= set(seen) and time.time() < end:
            time.sleep(0.1)
        stop.set()
        for thread in threads:
            thread.join()
        assert wanted <= set(seen), "%s: %d of 1000" % (strategy, len(wanted & set(seen)))


def case_commit_and_resume():
    create("t", 1)
    produce("t", [b"%d" % n for n in range(100)])
    consumer, messages = consume("t", 40)
    consumer.commit(message=messages[39], asynchronous=False)
    consumer.close()
    consumer, messages = consume("t", 60)
    assert [int(m.value()) for m in messages][:60] == list(range(40, 100))
    committed = consumer.committed([TopicPartition("t", 0)], timeout=10)
    assert committed[0].offset == 40, committed
    consumer.close()
    result = admin.list_consumer_groups().result(10)
    assert "g" in [g.group_id for g in result.valid]
    described = admin.describe_consumer_groups(["g"])["g"].result(10)
    assert described.state.name in ("EMPTY", "STABLE"), described.state


def case_offsets_by_time():
    create("t", 1)
    producer = Producer({**BOOTSTRAP, "compression.type": "lz4", "linger.ms": 100})
    for n in range(100):
        producer.produce("t", b"%d" % n, timestamp=1_700_000_000_000 + n * 1000)
    producer.flush(10)
    consumer = Consumer({**BOOTSTRAP, "group.id": "x"})
    for n in [0, 1, 57, 99]:
        found = consumer.offsets_for_times([TopicPartition("t", 0, 1_700_000_000_000 + n * 1000 - 500)], timeout=10)
        assert found[0].offset == n, (n, found)
    late = consumer.offsets_for_times([TopicPartition("t", 0, 1_800_000_000_000)], timeout=10)
    assert late[0].offset == -1, late
    consumer.close()


def case_large_message_refused():
    create("t", 1, {"max.message.bytes": "1000"})
    errors = produce("t", [b"x" * 2000]) + produce("t", [b"y"])
    assert [e.code() for e in errors] == [KafkaError.MSG_SIZE_TOO_LARGE], errors
    consumer, messages = consume("t", 1)
    assert [m.value() for m in messages] == [b"y"]
    consumer.close()


def case_headers_and_tombstones():
    create("t", 1)
    producer = Producer(BOOTSTRAP)
    producer.produce("t", value=None, key=b"k", headers=[("a", b"1"), ("a", b"2"), ("empty", b""), ("null", None)])
    producer.flush(10)
    consumer, messages = consume("t", 1)
    assert messages[0].value() is None and messages[0].key() == b"k"
    assert messages[0].headers() == [("a", b"1"), ("a", b"2"), ("empty", b""), ("null", None)], messages[0].headers()
    consumer.close()


def case_seek_and_watermarks():
    create("t", 1)
    produce("t", [b"%d" % n for n in range(50)])
    consumer = Consumer({**BOOTSTRAP, "group.id": "x", "enable.partition.eof": True})
    partition = TopicPartition("t", 0, OFFSET_BEGINNING)
    assert consumer.get_watermark_offsets(partition, timeout=10) == (0, 50)
    consumer.assign([TopicPartition("t", 0, 45)])
    got = []
    while True:
        message = consumer.poll(10)
        if message.error():
            assert message.error().code() == KafkaError._PARTITION_EOF
            break
        got.append(int(message.value()))
    assert got == [45, 46, 47, 48, 49]
    consumer.close()


def case_empty_group_offset():
    create("t", 1)
    consumer = Consumer({**BOOTSTRAP, "group.id": "never-seen"})
    committed = consumer.committed([TopicPartition("t", 0)], timeout=10)
    assert committed[0].offset == -1001 and committed[0].error is None, committed
    consumer.close()


if sys.argv[2] == "list":
    print("\n".join(name[5:] for name in globals() if name.startswith("case_")))
else:
    globals()["case_" + sys.argv[2]]()
