"""aiokafka against a broker: `aiokafka_client.py HOST:PORT CASE`. Exit 0 when the case holds; `list` names the cases."""
import asyncio
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

AT = sys.argv[1]


async def create(topic, partitions=2):
    admin = AIOKafkaAdminClient(bootstrap_servers=AT)
    await admin.start()
    await admin.create_topics([NewTopic(topic, partitions, 1)])
    await admin.close()


async def produce(topic, values, **settings):
    producer = AIOKafkaProducer(bootstrap_servers=AT, **settings)
    await producer.start()
    await asyncio.gather(*[await producer.send(topic, value) for value in values])
    await producer.stop()


async def consume(topic, count, group="g", **settings):
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=AT, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False, **settings)
    await consumer.start()
    found = []
    while len(found) < count:
        found.append(await asyncio.wait_for(consumer.getone(), 20))
    return consumer, found


async def case_idempotent_producer():
    await create("t")
    values = [b"%d" % n for n in range(1000)]
    await produce("t", values, enable_idempotence=True, acks="all")
    consumer, found = await consume("t", 1000)
    assert sorted(r.value for r in found) == sorted(values)
    await consumer.stop()


async def case_codecs():
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        await create(codec, 1)
        values = [b"%d-" % n + b"z" * 200 for n in range(300)]
        await produce(codec, values, compression_type=codec)
        consumer, found = await consume(codec, 300, codec)
        assert [r.value for r in found] == values, codec
        await consumer.stop()


async def case_commit_and_resume():
    await create("t", 1)
    await produce("t", [b"%d" % n for n in range(50)])
    consumer, found = await consume("t", 20)
    await consumer.commit({TopicPartition("t", 0): found[19].offset + 1})
    await consumer.stop()
    consumer, found = await consume("t", 30)
    assert [int(r.value) for r in found] == list(range(20, 50))
    await consumer.stop()


async def case_group_of_two():
    await create("t", 4)
    values = {b"%d" % n for n in range(200)}
    await produce("t", values)
    seen = set()

    async def member():
        consumer = AIOKafkaConsumer("t", bootstrap_servers=AT, group_id="g", auto_offset_reset="earliest")
        await consumer.start()
        for _ in range(100):
            for records in (await consumer.getmany(timeout_ms=100)).values():
                seen.update(r.value for r in records)
            if values <= seen:
                break
        await consumer.stop()

    await asyncio.gather(member(), member())
    assert values <= seen, len(seen)


if sys.argv[2] == "list":
    print("\n".join(name[5:] for name in globals() if name.startswith("case_")))
else:
    asyncio.run(globals()["case_" + sys.argv[2]]())
