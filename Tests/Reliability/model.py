"""A fixed workload that remembers what was acknowledged, and the judge of what a broker has after a fault."""
import random

from wire import Gone, batch, read_all

# Answers that take nothing and say so: storage errors, timeouts, a coordinator or leader that is not up.
REFUSALS = {-1, 3, 5, 6, 7, 14, 15, 16, 45, 47, 56, 89}


class Model:
    """What must be, may be and must not be in the broker."""

    def __init__(self):
        self.acked, self.sent, self.open = {}, {}, set()
        self.starts, self.commits, self.tried_commits = {}, {}, {}
        self.created, self.deleted, self.undecided = set(), set(), set()
        self.acknowledged_after_failure = []

    def check(self, client, committed=True):
        """All findings as texts; none when all is well."""
        found = []
        topics = client.topics()
        found += [f"topic {name} was created and is gone" for name in self.created - set(topics) - self.undecided]
        found += [f"topic {name} was deleted and is there" for name in self.deleted & set(topics) - self.undecided]
        for topic in sorted(set(topics) & (self.created | self.undecided)):
            for partition in range(topics[topic]):
                found += self.check_partition(client, topic, partition)
        for place, offset in self.commits.items() if committed else ():
            error, stored = client.committed(*place)
            if error or stored not in (offset, *self.tried_commits.get(place, ())):
                found.append(f"commit {place}: {offset} was acknowledged, {stored} is there, error {error}")
        return found

    def check_partition(self, client, topic, partition):
        try:
            start, end, rows = read_all(client, topic, partition)
        except AssertionError as refusal:
            return [str(refusal)]
        found, place = [], (topic, partition)
        if [offset for offset, _ in rows] != list(range(start, end)):
            found.append(f"{place}: offsets have gaps between {start} and {end}")
        values = [value for _, value in rows if value is not None]
        sent = self.sent.get(place, set())
        found += [f"{place}: {value[:30]} was never sent" for value in values if value not in sent]
        found += [f"{place}: {value[:30]} is there twice" for value in set(values) if values.count(value) > 1]
        here = dict(rows)
        for offset, value in self.acked.get(place, {}).items():
            if offset >= start and here.get(offset) != value:
                found.append(f"{place}: {value[:30]} was acknowledged at {offset}, there is {here.get(offset, b'nothing')[:30]}")
        low, high = self.starts.get(place, (0, 0))
        if not low <= start <= high:
            found.append(f"{place}: the log starts at {start}, asked for was {low} to {high}")
        return found


class Workload:
    """About 150 requests of every kind that writes, the same each time."""

    def __init__(self, model, seed=1, rounds=60, small="14000"):
        self.model, self.random, self.rounds, self.small = model, random.Random(seed), rounds, small
        self.step, self.sequences, self.identity, self.pending = 0, {}, None, None

    def run(self, client):
        """Goes on where it was; raises Gone when the broker does."""
        model = self.model
        if self.identity is None:
            error, self.identity, _ = client.producer_id()
            if error:
                self.identity = None
                raise Gone(f"no producer id: {error}")
        for name, partitions in (("a", 2), ("b", 1)):
            if name not in model.created:
                self.create(client, name, partitions)
        if self.pending:
            # What was not answered comes again before anything else, as a client's retry does.
            self.produce(client, *self.pending[0])
        while self.step < self.rounds:
            step = self.step
            self.produce(client, "a", step % 2)
            self.produce(client, "b", 0)
            if step % 7 == 3:
                self.commit(client, step)
            if step % 25 == 20:
                self.trim(client, step)
            if step % 20 == 10:
                self.create(client, f"c{step}", 1)
                self.produce(client, f"c{step}", 0)
            if step % 20 == 15:
                self.delete(client, f"c{step - 5}")
            self.step += 1

    def create(self, client, name, partitions):
        self.model.undecided.add(name)
        error = client.create_topic(name, partitions, [("segment.bytes", self.small), ("retention.ms", "-1")])
        if error not in (0, 36):
            raise Gone(f"create {name}: {error}")
        self.model.created.add(name)
        self.model.undecided.discard(name)

    def delete(self, client, name):
        self.model.undecided.add(name)
        error = client.delete_topic(name)
        if error not in (0, 3):
            raise Gone(f"delete {name}: {error}")
        self.model.created.discard(name)
        self.model.deleted.add(name)
        self.model.undecided.discard(name)

    def produce(self, client, topic, partition):
        place, model = (topic, partition), self.model
        if self.pending and self.pending[0] == place:
            _, value, sequence = self.pending
        else:
            sequence = self.sequences.get(place, 0)
            value = b"%s-%d-%d-" % (topic.encode(), partition, sequence) + bytes(self.random.choices(b"abcdefgh", k=self.random.choice((5, 300, 900))))
        self.pending = (place, value, sequence)
        model.sent.setdefault(place, set()).add(value)
        error, offset = client.produce(topic, partition, batch([value], producer=(self.identity, 0, sequence)))
        if error:
            if error not in REFUSALS:
                raise AssertionError(f"produce to {place}: error {error}")
            raise Gone(f"produce to {place}: {error}")
        self.pending = None
        model.acked.setdefault(place, {})[offset] = value
        self.sequences[place] = sequence + 1

    def commit(self, client, step):
        place = ("group", "a", 0)
        self.model.tried_commits.setdefault(place, set()).add(step)
        error = client.commit("group", "a", 0, step)
        if error:
            raise Gone(f"commit: {error}")
        self.model.commits[place] = step
        self.model.tried_commits[place] = set()

    def trim(self, client, step):
        low, _ = self.model.starts.get(("a", 0), (0, 0))
        wanted = step // 4
        self.model.starts["a", 0] = (low, wanted)
        error, got = client.delete_records("a", 0, wanted)
        if error:
            raise Gone(f"delete records: {error}")
        self.model.starts["a", 0] = (got, got)
