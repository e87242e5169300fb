"""Prints the rows of a topic as JSON lines, decoded with nothing of Pitwall: librdkafka, and fastavro.

Arguments: folder of the packages, brokers, topic, key of the last message of each partition, URL of a schema registry
(empty: each message carries its schema).
"""
import io
import json
import math
import sys
import urllib.request
from datetime import datetime, timezone

sys.path.insert(0, sys.argv[1])
import fastavro
from confluent_kafka import Consumer, OFFSET_BEGINNING, TopicPartition

_, _, brokers, topic, last, registry = sys.argv
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
schemas = {}


def parsed(name, text):
    if name not in schemas:
        schemas[name] = fastavro.parse_schema(json.loads(text() if callable(text) else text))
    return schemas[name]


def rows_of(message):
    value = message.value()
    headers = dict(message.headers() or [])
    if registry:
        assert value[0] == 0
        number = int.from_bytes(value[1:5], "big")
        schema = parsed(number, lambda: json.load(urllib.request.urlopen(f"{registry}/schemas/ids/{number}"))["schema"])
        value = value[5:]
    else:
        schema = parsed(headers["schema"], headers["schema"])
    stream = io.BytesIO(value)
    decoded = fastavro.schemaless_reader(stream, schema)
    assert stream.read() == b""
    return decoded if isinstance(decoded, list) else [decoded]


consumer = Consumer(
    {
        "bootstrap.servers": brokers,
        "group.id": "reader-" + last,
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
    }
)
partitions = consumer.list_topics(topic, 10).topics[topic].partitions
consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
open_partitions = set(partitions)
while open_partitions:
    message = consumer.poll(20)
    assert message is not None and message.error() is None, message and message.error()
    if message.key() == last.encode():
        open_partitions.discard(message.partition())
        continue
    if (message.key() or b"").startswith(b"last-"):
        continue
    for row in rows_of(message):
        row["time"] = round((row["time"] - EPOCH).total_seconds() * 1e6)
        # JSON has no NaN and no infinities: they are "nan", "inf" and "-inf".
        plain = {name: str(cell) if isinstance(cell, float) and not math.isfinite(cell) else cell for name, cell in row.items()}
        print(json.dumps(plain))
consumer.close()
