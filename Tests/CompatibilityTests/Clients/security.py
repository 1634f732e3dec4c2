"""Foreign clients against a secured broker.

`security.py prepare DIR` makes certificates, a key set and a token there; `security.py DIR LISTENERS CASE` runs a case,
where LISTENERS is a JSON object of listener name to host:port. Exit 0 when the case holds; `list` names the cases.
"""
import asyncio
import base64
import json
import os
import ssl
import subprocess
import sys
import time
import uuid

USER, PASSWORD = "alice", "wonder,land=1"


def run(words, **more):
    return subprocess.run(words, check=True, capture_output=True, **more).stdout


def openssl(directory, *words, data=None):
    return run(["openssl", *words], cwd=directory, input=data)


def certificate(directory, name, subject, days="30", authority="ca"):
    openssl(directory, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
    with open(f"{directory}/names", "w") as file:
        file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl(directory, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
            "-CAcreateserial", "-days", days, "-extfile", "names", "-out", f"{name}.pem")


def prepare(directory):
    for name in ["ca", "other"]:
        openssl(directory, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem",
                "-days", "30", "-subj", f"/CN={name}")
    certificate(directory, "server", "/CN=server one")
    certificate(directory, "second", "/CN=server two")
    certificate(directory, "client", "/C=DE/O=Soma/CN=client")
    certificate(directory, "stranger", "/CN=stranger", authority="other")
    certificate(directory, "late", "/CN=late", days="-1")
    openssl(directory, "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "token.key")
    modulus = openssl(directory, "rsa", "-in", "token.key", "-noout", "-modulus").decode().strip().split("=")[1]
    key = {"kty": "RSA", "kid": "one", "use": "sig", "e": "AQAB", "n": url(bytes.fromhex(modulus))}
    with open(f"{directory}/keys.json", "w") as file:
        json.dump({"keys": [key]}, file)
    with open(f"{directory}/password", "w") as file:
        file.write("p4ss\n")


def url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def token(directory, lifetime=60, **claims):
    now = time.time()
    body = {"iss": "https://issuer", "aud": "kafka", "sub": "carol", "iat": now, "exp": now + lifetime, **claims}
    text = url(json.dumps({"alg": "RS256", "kid": "one"}).encode()) + "." + url(json.dumps(body).encode())
    with open(f"{directory}/message-{uuid.uuid4()}", "w") as file:
        file.write(text)
    return text + "." + url(openssl(directory, "dgst", "-sha256", "-sign", "token.key", file.name))


# What each listener needs from a client, in librdkafka's words.
def settings(listener, mechanism=None, user=USER, password=PASSWORD):
    found = {"security.protocol": listener, "bootstrap.servers": LISTENERS[listener]}
    if "SSL" in listener:
        found["ssl.ca.location"] = f"{DIRECTORY}/ca.pem"
    if mechanism:
        found |= {"sasl.mechanism": mechanism, "sasl.username": user, "sasl.password": password}
    return found


def confluent_round_trip(conf, count=200):
    from confluent_kafka import Consumer, Producer
    from confluent_kafka.admin import AdminClient, NewTopic

    topic = f"t-{uuid.uuid4()}"
    admin = AdminClient(conf)
    admin.create_topics([NewTopic(topic, 1)])[topic].result(20)
    producer = Producer({**conf, "acks": "all", "enable.idempotence": True})
    values = [(b"%d-" % n) + b"x" * (n * 40) for n in range(count)]
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(20) == 0
    consumer = Consumer({**conf, "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    found, deadline = [], time.time() + 30
    while len(found) < count and time.time() < deadline:
        message = consumer.poll(1)
        if message is not None and message.error() is None:
            found.append(message.value())
    consumer.close()
    assert found == values, len(found)


def confluent_refused(conf, *words):
    from confluent_kafka.admin import AdminClient

    said = []
    client = AdminClient({**conf, "error_cb": lambda error: said.append(str(error)), "log_level": 0})
    deadline = time.time() + 20
    while time.time() < deadline and not any(word in text for text in said for word in words):
        try:
            client.list_topics(timeout=1)
            raise AssertionError("was let in")
        except Exception as error:
            if isinstance(error, AssertionError):
                raise
        client.poll(0.2)
    assert any(word in text for text in said for word in words), said


def case_confluent_ssl():
    confluent_round_trip(settings("SSL"))


def with_certificate(name):
    return {**settings("SSL"), "ssl.certificate.location": f"{DIRECTORY}/{name}.pem", "ssl.key.location": f"{DIRECTORY}/{name}.key"}


def case_confluent_client_certificate():
    confluent_round_trip(with_certificate("client"))


def case_confluent_stranger_is_refused():
    confluent_refused(with_certificate("stranger"), "unknown ca", "unknown CA", "certificate")


def case_confluent_expired_is_refused():
    confluent_refused(with_certificate("late"), "expired", "certificate")


def case_confluent_ssl_without_certificate_is_refused():
    confluent_refused(settings("SSL"), "certificate required", "handshake", "Disconnected")


def case_confluent_unknown_authority():
    confluent_refused({**settings("SSL"), "ssl.ca.location": f"{DIRECTORY}/other.pem"}, "certificate verify failed", "authenticated")


def case_confluent_plaintext_to_tls():
    confluent_refused({"bootstrap.servers": LISTENERS["SSL"]}, "isconnected", "closed", "are down")


def case_confluent_tls_to_plaintext():
    conf = {**settings("SSL"), "bootstrap.servers": LISTENERS["PLAINTEXT"]}
    confluent_refused(conf, "SSL handshake failed", "Disconnected", "EOF")


def make_user():
    """Makes the user as an administrator does, over the wire."""
    from confluent_kafka.admin import AdminClient, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

    admin = AdminClient(settings("SASL_SSL", "SCRAM-SHA-512", "admin", "p4ss"))
    for mechanism in [ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512]:
        change = UserScramCredentialUpsertion(USER, ScramCredentialInfo(mechanism, 4096), PASSWORD.encode())
        admin.alter_user_scram_credentials([change])[USER].result(20)
    seen = admin.describe_user_scram_credentials([USER])[USER].result(20)
    assert sorted(info.iterations for info in seen.scram_credential_infos) == [4096, 4096]


def confluent_login(listener, mechanism):
    make_user()
    confluent_round_trip(settings(listener, mechanism))
    confluent_refused(settings(listener, mechanism, password="wrong"), "uthentication", "SASL")
    confluent_refused(settings(listener, mechanism, user="nobody"), "uthentication", "SASL")


def case_confluent_plain():
    confluent_login("SASL_PLAINTEXT", "PLAIN")


def case_confluent_scram_256():
    confluent_login("SASL_PLAINTEXT", "SCRAM-SHA-256")


def case_confluent_scram_512():
    confluent_login("SASL_SSL", "SCRAM-SHA-512")


def case_confluent_mechanism_not_enabled():
    conf = bearer() | {"security.protocol": "SASL_PLAINTEXT", "bootstrap.servers": LISTENERS["SASL_PLAINTEXT"]}
    confluent_refused(conf, "nsupported", "mechanism")


def bearer(lifetime=60, **claims):
    given = token(DIRECTORY, lifetime, **claims)
    conf = {key: value for key, value in settings("SASL_SSL").items()}
    return conf | {"sasl.mechanism": "OAUTHBEARER", "oauth_cb": lambda _: (given, time.time() + lifetime)}


def case_confluent_token():
    confluent_round_trip(bearer())
    confluent_refused(bearer(aud="elsewhere"), "invalid_token", "uthentication")


def kafka_python_round_trip(**conf):
    from kafka import KafkaConsumer, KafkaProducer

    topic = f"t-{uuid.uuid4()}"
    producer = KafkaProducer(acks="all", **conf)
    values = [b"%d" % n for n in range(200)]
    sent = [producer.send(topic, value) for value in values]
    for future in sent:
        future.get(20)
    producer.close()
    consumer = KafkaConsumer(topic, group_id=topic, auto_offset_reset="earliest", consumer_timeout_ms=20_000, **conf)
    found = []
    for message in consumer:
        found.append(message.value)
        if len(found) == len(values):
            break
    consumer.close()
    assert found == values, len(found)


def kafka_python(listener, mechanism=None, password=PASSWORD):
    conf = {"bootstrap_servers": LISTENERS[listener], "security_protocol": listener}
    if "SSL" in listener:
        conf |= {"ssl_cafile": f"{DIRECTORY}/ca.pem"}
    if mechanism:
        make_user()
        conf |= {"sasl_mechanism": mechanism, "sasl_plain_username": USER, "sasl_plain_password": password}
    return conf


def case_kafka_python_ssl():
    kafka_python_round_trip(**kafka_python("SSL"))


def case_kafka_python_plain():
    kafka_python_round_trip(**kafka_python("SASL_SSL", "PLAIN"))


def case_kafka_python_scram_256():
    kafka_python_round_trip(**kafka_python("SASL_SSL", "SCRAM-SHA-256"))


def case_kafka_python_scram_512():
    kafka_python_round_trip(**kafka_python("SASL_PLAINTEXT", "SCRAM-SHA-512"))


async def aiokafka_round_trip(listener, mechanism=None):
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

    conf = {"bootstrap_servers": LISTENERS[listener], "security_protocol": listener}
    if "SSL" in listener:
        conf["ssl_context"] = ssl.create_default_context(cafile=f"{DIRECTORY}/ca.pem")
    if mechanism:
        make_user()
        conf |= {"sasl_mechanism": mechanism, "sasl_plain_username": USER, "sasl_plain_password": PASSWORD}
    topic = f"t-{uuid.uuid4()}"
    producer = AIOKafkaProducer(acks="all", **conf)
    await producer.start()
    for n in range(100):
        await producer.send_and_wait(topic, b"%d" % n)
    await producer.stop()
    consumer = AIOKafkaConsumer(topic, auto_offset_reset="earliest", **conf)
    await consumer.start()
    found = [(await asyncio.wait_for(consumer.getone(), 20)).value for _ in range(100)]
    await consumer.stop()
    assert found == [b"%d" % n for n in range(100)]


def case_aiokafka_ssl():
    asyncio.run(aiokafka_round_trip("SSL"))


def case_aiokafka_plain():
    asyncio.run(aiokafka_round_trip("SASL_PLAINTEXT", "PLAIN"))


def case_aiokafka_scram_256():
    asyncio.run(aiokafka_round_trip("SASL_SSL", "SCRAM-SHA-256"))


def case_aiokafka_scram_512():
    asyncio.run(aiokafka_round_trip("SASL_SSL", "SCRAM-SHA-512"))


def shown():
    said = subprocess.run(["openssl", "s_client", "-connect", LISTENERS["SSL"], "-CAfile", f"{DIRECTORY}/ca.pem"],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=20).stdout.decode()
    return "two" if "server two" in said else "one" if "server one" in said else said


def wait_for_certificate(name):
    deadline = time.time() + 30
    while shown() != name:
        assert time.time() < deadline, shown()
        time.sleep(0.3)


def replace(name, key):
    """Replaces the certificate file as a tool for renewal does."""
    with open(f"{DIRECTORY}/both.new", "wb") as out:
        for part in [name, key]:
            with open(f"{DIRECTORY}/{part}", "rb") as file:
                out.write(file.read())
    os.rename(f"{DIRECTORY}/both.new", f"{DIRECTORY}/both.pem")


def case_reload_under_load():
    """Certificates change while a producer writes over TLS: its connection stays, no record is lost."""
    from confluent_kafka import Producer

    assert shown() == "one"
    failed, dropped = [], []
    # With one broker each loss of a connection is told as an error of that broker.
    producer = Producer({**settings("SSL"), "acks": "all", "linger.ms": 5, "error_cb": lambda error: dropped.append(str(error))})

    def write(seconds):
        end = time.time() + seconds
        while time.time() < end:
            producer.produce("under-load", b"x" * 1000, on_delivery=lambda error, _: error and failed.append(str(error)))
            producer.poll(0.001)

    write(1)
    replace("second.pem", "second.key")
    deadline = time.time() + 30
    while shown() != "two":
        assert time.time() < deadline
        write(0.3)
    # A broken file changes nothing.
    replace("second.pem", "server.key")
    write(6)
    assert shown() == "two"
    replace("server.pem", "server.key")
    wait_for_certificate("one")
    assert producer.flush(20) == 0 and not failed and not dropped, (failed[:3], dropped[:3])


def case_reload_by_config():
    """A new certificate by IncrementalAlterConfigs, and a bad one that is refused."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

    admin = AdminClient({"bootstrap.servers": LISTENERS["PLAINTEXT"]})

    def alter(path):
        entry = ConfigEntry("listener.name.ssl.ssl.keystore.location", path, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ConfigResource.Type.BROKER, "1", incremental_configs=[entry])
        admin.incremental_alter_configs([resource])[resource].result(20)

    assert shown() == "one"
    with open(f"{DIRECTORY}/second-both.pem", "wb") as out:
        for part in ["second.pem", "second.key"]:
            with open(f"{DIRECTORY}/{part}", "rb") as file:
                out.write(file.read())
    try:
        alter(f"{DIRECTORY}/ca.pem")
        raise AssertionError("a certificate without its key was taken")
    except KafkaException as error:
        assert "key" in str(error), error
    assert shown() == "one"
    alter(f"{DIRECTORY}/second-both.pem")
    assert shown() == "two"


def case_secrets_are_not_shown():
    from confluent_kafka.admin import AdminClient, ConfigResource

    admin = AdminClient({"bootstrap.servers": LISTENERS["PLAINTEXT"]})
    resource = ConfigResource(ConfigResource.Type.BROKER, "1")
    configs = admin.describe_configs([resource])[resource].result(20)
    for name in ["ssl.key.password", "ssl.keystore.key", "plain.sasl.jaas.config"]:
        assert configs[name].is_sensitive and configs[name].value is None, name
    assert not any("p4ss" in str(config.value) for config in configs.values())


CASES = {name.removeprefix("case_"): case for name, case in list(globals().items()) if name.startswith("case_")}

if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(sys.argv[2])
        DIRECTORY = sys.argv[2]
        replace("server.pem", "server.key")
    elif sys.argv[1] == "list":
        print("\n".join(CASES))
    else:
        DIRECTORY, LISTENERS = sys.argv[1], json.loads(sys.argv[2])
        CASES[sys.argv[3]]()
