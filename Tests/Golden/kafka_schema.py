"""Kafka's messages as its own schema files describe them: read, written and filled by the schema alone.

The schemas are in every kafka-clients jar (`common/message/*.json`). Nothing here shares a line with the broker's codec,
so what both agree on was understood twice.
"""
import glob
import json
import os
import random
import re
import struct
import uuid
import zipfile

INTEGERS = {"int8": "b", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "float64": "d"}


def versions(text):
    """The predicate of a schema's version range: "3", "3-7", "3+", "none"."""
    if text is None or text == "none":
        return lambda version: False
    low, _, high = text.replace("+", "-32767").partition("-")
    low, high = int(low), int(high or low)
    return lambda version: low <= version <= high


class Field:
    def __init__(self, spec, structs, flexible):
        self.name, self.type = spec["name"], spec["type"]
        self.versions = versions(spec.get("versions"))
        self.nullable = versions(spec.get("nullableVersions"))
        self.tag, self.tagged = spec.get("tag"), versions(spec.get("taggedVersions"))
        self.default = spec.get("default")
        self.flexible = versions(spec["flexibleVersions"]) if "flexibleVersions" in spec else flexible
        element = self.type.removeprefix("[]")
        self.is_array = self.type.startswith("[]")
        self.element = element
        self.struct = None
        if element not in INTEGERS and element not in ("bool", "string", "bytes", "records", "uuid"):
            fields = spec.get("fields") or structs[element]
            self.struct = Struct(fields, structs, flexible)

    def default_value(self, version):
        default = self.default
        if default == "null":
            return None
        if self.is_array:
            return []
        if self.struct:
            return {f.name: f.default_value(version) for f in self.struct.fields if f.versions(version)}
        if self.type == "bool":
            return default in (True, "true")
        if self.type in INTEGERS:
            return int(str(default), 0) if default not in (None, "") and self.type != "float64" else 0
        if self.type == "uuid":
            return uuid.UUID(int=0)
        if self.type == "string":
            return default or ""
        return b""


class Struct:
    def __init__(self, fields, structs, flexible):
        self.fields = [Field(f, structs, flexible) for f in fields]
        self.flexible = flexible

    # ---- writing
    def write(self, out, value, version):
        unknown = set(value) - {f.name for f in self.fields}
        if unknown:
            raise KeyError(f"no such fields: {unknown}")
        tagged = []
        for f in self.fields:
            if not f.versions(version):
                continue
            given = value.get(f.name, f.default_value(version))
            if f.tagged(version) and self.flexible(version):
                if f.name in value and given != f.default_value(version):
                    tagged.append((f.tag, f, given))
                continue
            write_field(out, f, given, version)
        if self.flexible(version):
            write_varint(out, len(tagged))
            for tag, f, given in sorted(tagged, key=lambda t: t[0]):
                body = bytearray()
                write_field(body, f, given, version)
                write_varint(out, tag)
                write_varint(out, len(body))
                out += body

    # ---- reading
    def read(self, data, version):
        value = {}
        for f in self.fields:
            if not f.versions(version) or f.tagged(version) and self.flexible(version):
                continue
            value[f.name] = read_field(data, f, version)
        if self.flexible(version):
            by_tag = {f.tag: f for f in self.fields if f.tag is not None and f.tagged(version)}
            for _ in range(data.varint()):
                tag, size = data.varint(), data.varint()
                end = data.at + size
                if tag in by_tag:
                    value[by_tag[tag].name] = read_field(data, by_tag[tag], version)
                else:
                    data.take(size)
                assert data.at == end, f"tag {tag} has another size than it says"
        return value

    # ---- filling
    def fill(self, rng, version, tags, depth=0):
        """Values in every field, so that no field can hide behind its default."""
        value = {}
        for f in self.fields:
            if not f.versions(version):
                continue
            if f.tagged(version) and self.flexible(version) and not tags:
                continue
            value[f.name] = fill_field(rng, f, version, tags, depth)
        return value


def write_varint(out, number):
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def write_length(out, f, version, length, short=False):
    if f.flexible(version):
        write_varint(out, 0 if length is None else length + 1)
    else:
        out += struct.pack(">h" if short else ">i", -1 if length is None else length)


def write_one(out, f, kind, value, version):
    if kind in INTEGERS:
        out += struct.pack(">" + INTEGERS[kind], value)
    elif kind == "bool":
        out.append(1 if value else 0)
    elif kind == "uuid":
        out += value.bytes
    elif kind == "string":
        raw = None if value is None else value.encode()
        write_length(out, f, version, None if raw is None else len(raw), short=True)
        out += raw or b""
    else:
        write_length(out, f, version, None if value is None else len(value))
        out += value or b""


def write_field(out, f, value, version):
    if value is None and not f.nullable(version):
        raise ValueError(f"{f.name} is null, which version {version} does not allow")
    if f.is_array:
        write_length(out, f, version, None if value is None else len(value))
        for element in value or []:
            if f.struct:
                f.struct.write(out, element, version)
            else:
                write_one(out, f, f.element, element, version)
    elif f.struct:
        if f.nullable(version):
            out += struct.pack(">b", -1 if value is None else 1)
        if value is not None:
            f.struct.write(out, value, version)
    else:
        write_one(out, f, f.type, value, version)


class Data:
    def __init__(self, raw):
        self.raw, self.at = raw, 0

    def take(self, count):
        if count < 0 or self.at + count > len(self.raw):
            raise ValueError(f"{count} bytes wanted at {self.at} of {len(self.raw)}")
        self.at += count
        return self.raw[self.at - count:self.at]

    def number(self, form):
        return struct.unpack(">" + form, self.take(struct.calcsize(form)))[0]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7


def read_length(data, f, version, short=False):
    if f.flexible(version):
        return data.varint() - 1
    return data.number("h" if short else "i")


def read_one(data, f, kind, version):
    if kind in INTEGERS:
        return data.number(INTEGERS[kind])
    if kind == "bool":
        return data.take(1)[0] != 0
    if kind == "uuid":
        return uuid.UUID(bytes=bytes(data.take(16)))
    length = read_length(data, f, version, short=kind == "string")
    if length < 0:
        return None
    raw = data.take(length)
    return raw.decode() if kind == "string" else bytes(raw)


def read_field(data, f, version):
    if f.is_array:
        length = read_length(data, f, version)
        if length < 0:
            return None
        return [f.struct.read(data, version) if f.struct else read_one(data, f, f.element, version) for _ in range(length)]
    if f.struct:
        if f.nullable(version) and data.number("b") < 0:
            return None
        return f.struct.read(data, version)
    return read_one(data, f, f.type, version)


def fill_one(rng, kind):
    if kind == "bool":
        return True
    if kind == "uuid":
        return uuid.UUID(int=rng.getrandbits(128))
    if kind == "float64":
        return rng.random() * 1000
    if kind == "string":
        return "".join(rng.choice("abcdefgé-_.Ω") for _ in range(rng.randint(1, 9)))
    if kind in ("bytes", "records"):
        return bytes(rng.getrandbits(8) for _ in range(rng.randint(1, 20)))
    bits = {"int8": 7, "int16": 15, "uint16": 16, "int32": 31, "uint32": 32, "int64": 63}[kind]
    value = rng.getrandbits(bits)
    return -value if not kind.startswith("u") and rng.random() < 0.3 else value


def fill_field(rng, f, version, tags, depth):
    # A null record set is not told from an empty one, which is what our codec writes.
    if f.nullable(version) and f.type != "records" and rng.random() < 0.25:
        return None
    if f.is_array:
        count = rng.randint(1, 2)
        return [f.struct.fill(rng, version, tags, depth + 1) if f.struct else fill_one(rng, f.element) for _ in range(count)]
    return f.struct.fill(rng, version, tags, depth + 1) if f.struct else fill_one(rng, f.type)


class Message:
    def __init__(self, spec):
        flexible = versions(spec.get("flexibleVersions"))
        structs = {s["name"]: s["fields"] for s in spec.get("commonStructs", [])}
        self.name, self.key, self.flexible = spec["name"], spec.get("apiKey"), flexible
        low, _, high = spec["validVersions"].partition("-")
        self.range = None if spec["validVersions"] == "none" else range(int(low), int(high or low) + (0 if spec.get("latestVersionUnstable") else 1))
        self.body = Struct(spec["fields"], structs, flexible)

    def encode(self, value, version):
        out = bytearray()
        self.body.write(out, value, version)
        return bytes(out)

    def decode(self, raw, version):
        data = Data(raw)
        value = self.body.read(data, version)
        assert data.at == len(raw), f"{self.name} {version}: {len(raw) - data.at} bytes left over"
        return value


def load(kafka_home):
    """All requests and responses by API key: {key: (request, response)}."""
    jar = glob.glob(os.path.join(kafka_home, "libs", "kafka-clients-*.jar"))[0]
    requests, responses = {}, {}
    with zipfile.ZipFile(jar) as archive:
        for name in archive.namelist():
            if not re.fullmatch(r"common/message/\w+(Request|Response)\.json", name):
                continue
            text = re.sub(r"(?m)^\s*//.*$|\s//\s.*$", "", archive.read(name).decode())
            spec = json.loads(text)
            if spec.get("validVersions") == "none" or "apiKey" not in spec:
                continue
            message = Message(spec)
            if message.key is not None and message.range is not None:
                (requests if spec["type"] == "request" else responses)[message.key] = message
    return {key: (requests[key], responses[key]) for key in sorted(requests)}


def request_frame(request, version, correlation, client, body):
    head = struct.pack(">hhi", request.key, version, correlation)
    head += struct.pack(">h", len(client)) + client.encode()
    return head + (b"\0" if request.flexible(version) else b"") + body


def split_request(messages, frame):
    """(key, version, correlation, body) of a request frame."""
    key, version, correlation, length = struct.unpack(">hhih", frame[:10])
    at = 10 + max(length, 0)
    if key in messages and messages[key][0].flexible(version):
        data = Data(frame)
        data.at = at
        for _ in range(data.varint()):
            data.varint()
            data.take(data.varint())
        at = data.at
    return key, version, correlation, frame[at:]


def split_response(response, version, frame):
    """(correlation, body) of a response frame."""
    correlation = struct.unpack(">i", frame[:4])[0]
    return correlation, frame[5:] if response.key != 18 and response.flexible(version) else frame[4:]


if __name__ == "__main__":
    # Every message of every version is filled, written and read back.
    count = 0
    for request, response in load(os.environ["KAFKA_HOME"]).values():
        for message in (request, response):
            for version in message.range:
                for seed in range(20):
                    value = message.body.fill(random.Random(seed), version, tags=True)
                    raw = message.encode(value, version)
                    assert message.encode(message.decode(raw, version), version) == raw, (message.name, version)
                    count += 1
    print(count, "round trips")
