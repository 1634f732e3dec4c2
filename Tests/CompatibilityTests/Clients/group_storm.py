"""Workers join and leave a group all the time: `group_storm.py HOST:PORT eager|cooperative|consumer SECONDS`.

A worker handles what it read when its commit is taken, and reads again what could not be committed. Exit 0 when every
record was handled once and work went on all the time.
"""
import collections
import random
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

BOOTSTRAP, MODE, SECONDS = {"bootstrap.servers": sys.argv[1]}, sys.argv[2], float(sys.argv[3])
PARTITIONS, TOPIC = 12, "storm"
GROUP = {**BOOTSTRAP, "group.id": "storm", "auto.offset.reset": "earliest", "enable.auto.commit": False}
if MODE == "consumer":
    GROUP["group.protocol"] = "consumer"
else:
    strategy = {"eager": "range", "cooperative": "cooperative-sticky"}[MODE]
    GROUP.update({"session.timeout.ms": 6000, "heartbeat.interval.ms": 300, "partition.assignment.strategy": strategy})

lock, stop, drained = threading.Lock(), threading.Event(), threading.Event()
handled, handled_at, refused, double, produced = set(), collections.Counter(), collections.Counter(), [], 0
started = time.time()


def produce():
    global produced
    producer = Producer({**BOOTSTRAP, "linger.ms": 5, "enable.idempotence": True})
    while not stop.is_set():
        producer.produce(TOPIC, b"%d" % produced, partition=produced % PARTITIONS)
        produced += 1
        producer.poll(0)
        time.sleep(0.001)
    assert producer.flush(30) == 0


def work(seconds, done):
    consumer = Consumer(GROUP)
    consumer.subscribe([TOPIC])
    end = time.time() + seconds
    while time.time() < end and not done.is_set():
        batches = collections.defaultdict(list)
        for message in consumer.consume(200, 0.1):
            if not message.error():
                batches[message.partition()].append(message.offset())
        if not batches:
            continue
        try:
            result = consumer.commit(
                offsets=[TopicPartition(TOPIC, p, offsets[-1] + 1) for p, offsets in batches.items()], asynchronous=False)
        except KafkaException as error:
            refused[error.args[0].name()] += 1
            for partition, offsets in batches.items():
                try:
                    consumer.seek(TopicPartition(TOPIC, partition, offsets[0]))
                except KafkaException:
                    pass  # it is another's by now
            continue
        with lock:
            for partition in [r.partition for r in result if r.error is None]:
                for offset in batches[partition]:
                    if (partition, offset) in handled:
                        double.append((partition, offset))
                    handled.add((partition, offset))
                    handled_at[int((time.time() - started) / 5)] += 1
    consumer.close()


admin = AdminClient(BOOTSTRAP)
admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)])[TOPIC].result(10)
threads = [threading.Thread(target=produce)] + [threading.Thread(target=work, args=(SECONDS, stop)) for _ in range(2)]
for thread in threads:
    thread.start()
chance = random.Random(3)
while time.time() - started < SECONDS:
    threads.append(threading.Thread(target=work, args=(chance.uniform(2, 6), stop)))
    threads[-1].start()
    time.sleep(1)
stop.set()
for thread in threads:
    thread.join()
last = threading.Thread(target=work, args=(30, drained))
last.start()
while len(handled) < produced and last.is_alive():
    time.sleep(0.1)
drained.set()
last.join()
idle = [n for n in range(1, int(SECONDS // 5)) if handled_at[n] == 0]
print(f"{MODE}: {produced} produced, {len(handled)} handled, {len(double)} twice, refused {dict(refused)}, idle {idle}")
assert len(handled) == produced and not double and not idle
