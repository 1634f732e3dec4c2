"""kafka-python against a broker: `kafka_python.py HOST:PORT CASE`. Exit 0 when the case holds; `list` names the cases."""
import sys
import threading
import time

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewPartitions, NewTopic
from kafka.errors import TopicAlreadyExistsError

AT = sys.argv[1]


def admin():
    return KafkaAdminClient(bootstrap_servers=AT)


def create(topic, partitions=2, **configs):
    admin().create_topics([NewTopic(topic, partitions, 1, topic_configs=configs)])


def consume(topic, count, group, seconds=20, **settings):
    consumer = KafkaConsumer(topic, bootstrap_servers=AT, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False, **settings)
    found, end = [], time.time() + seconds
    while len(found) < count and time.time() < end:
        for records in consumer.poll(timeout_ms=300).values():
            found += records
    return consumer, found


def case_admin():
    create("a", 3)
    client = admin()
    try:
        client.create_topics([NewTopic("a", 1, 1)])
        raise AssertionError("created twice")
    except TopicAlreadyExistsError:
        pass
    assert "a" in client.list_topics()
    client.create_partitions({"a": NewPartitions(5)})
    assert len(client.describe_topics(["a"])[0]["partitions"]) == 5
    client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "a")])
    client.delete_topics(["a"])
    assert "a" not in client.list_topics()


def case_idempotent_producer():
    create("t")
    producer = KafkaProducer(bootstrap_servers=AT, acks="all", enable_idempotence=True, linger_ms=5)
    for n in range(3000):
        producer.send("t", b"%d" % n, key=b"%d" % n)
    producer.flush(30)
    consumer, found = consume("t", 3000, "g")
    assert sorted(int(r.value) for r in found) == list(range(3000)), len(found)
    consumer.close()


def case_codecs():
    for codec in ("gzip", "lz4", "zstd"):  # its snappy needs a library that has no wheel
        create(codec, 1)
        producer = KafkaProducer(bootstrap_servers=AT, compression_type=codec, linger_ms=20)
        values = [b"%d-" % n + b"z" * 200 for n in range(500)]
        for value in values:
            producer.send(codec, value)
        producer.flush(30)
        consumer, found = consume(codec, len(values), codec)
        assert [r.value for r in found] == values, codec
        consumer.close()


def case_group_of_two():
    create("t", 4)
    seen, stop = [], threading.Event()

    def member():
        consumer = KafkaConsumer("t", bootstrap_servers=AT, group_id="g", auto_offset_reset="earliest")
        while not stop.is_set():
            for records in consumer.poll(timeout_ms=200).values():
                seen.extend(r.value for r in records)
        consumer.close()

    threads = [threading.Thread(target=member) for _ in range(2)]
    for thread in threads:
        thread.start()
    producer = KafkaProducer(bootstrap_servers=AT)
    wanted = {b"%d" % n for n in range(400)}
    for value in wanted:
        producer.send("t", value)
    producer.flush(30)
    end = time.time() + 25
    while not wanted <= set(seen) and time.time() < end:
        time.sleep(0.1)
    stop.set()
    for thread in threads:
        thread.join()
    assert wanted <= set(seen), len(set(seen))


def case_commit_and_resume():
    create("t", 1)
    producer = KafkaProducer(bootstrap_servers=AT)
    for n in range(50):
        producer.send("t", b"%d" % n)
    producer.flush(30)
    consumer, found = consume("t", 20, "g", max_poll_records=20)
    consumer.commit()
    consumer.close()
    consumer, found = consume("t", 30, "g")
    assert [int(r.value) for r in found] == list(range(20, 50)), [r.value for r in found][:3]
    assert consumer.committed(TopicPartition("t", 0)) == 20
    consumer.close()


def case_offsets_by_time():
    create("t", 1)
    producer = KafkaProducer(bootstrap_servers=AT)
    for n in range(20):
        producer.send("t", b"%d" % n, timestamp_ms=1_700_000_000_000 + n * 1000)
    producer.flush(30)
    consumer = KafkaConsumer(bootstrap_servers=AT)
    partition = TopicPartition("t", 0)
    assert consumer.offsets_for_times({partition: 1_700_000_007_500})[partition].offset == 8
    assert consumer.beginning_offsets([partition])[partition] == 0 and consumer.end_offsets([partition])[partition] == 20
    consumer.close()


if sys.argv[2] == "list":
    print("\n".join(name[5:] for name in globals() if name.startswith("case_")))
else:
    globals()["case_" + sys.argv[2]]()
