"""Reads a Pitwall bus from Kafka with librdkafka and fastavro, by what the documentation says and nothing else.

read_topics.py BROKERS TOPIC SCHEMAS_TOPIC AVSC: each message of TOPIC as a line of JSON, with its rows.
"""

import json
import struct
import sys
from io import BytesIO

import fastavro
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

CELLS = {"f64": "d", "f32": "f", "i64": "q", "i32": "i", "i16": "h", "u8": "B", "bool": "?", "utf8": "i"}


def messages(brokers, topic):
    consumer = Consumer(
        {"bootstrap.servers": brokers, "group.id": topic, "enable.auto.commit": False, "check.crcs": True}
    )
    partitions = consumer.list_topics(topic, timeout=20).topics[topic].partitions
    ends = {}
    for number in partitions:
        start, end = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=20)
        if end > start:
            ends[number] = end
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in ends])
    while ends:
        message = consumer.poll(20)
        if message is None:
            raise SystemExit(f"no message of {topic} within 20 s, though there are more")
        if message.error():
            raise SystemExit(str(message.error()))
        yield message
        if message.offset() + 1 >= ends.get(message.partition(), 0):
            ends.pop(message.partition(), None)
    consumer.close()


def columns_of(batch, fields):
    """Times and cells of a batch, by the words of telemetry-batch.avsc."""
    rows, data, nulls = batch["rows"], batch["data"], batch["nulls"]
    at = 0

    def take(form, count):
        nonlocal at
        values = struct.unpack_from(f"<{count}{form}", data, at)
        at += -(-struct.calcsize(f"<{count}{form}") // 8) * 8
        return values

    if batch["periodUs"] == 0:
        times = [batch["t0Us"] + own for own in take("q", rows)]
    else:
        times = [batch["t0Us"] + int(row * batch["periodUs"] + 0.5) for row in range(rows)]
    columns = {}
    for place, field in enumerate(fields):
        cells = list(take(CELLS[field["type"]], rows))
        if field["type"] == "utf8":
            count, size = struct.unpack_from("<II", data, at)
            ends = struct.unpack_from(f"<{count}I", data, at + 8)
            first = at + 8 + 4 * count
            texts = [data[first + start : first + end].decode() for start, end in zip((0, *ends), ends)]
            at += -(-(8 + 4 * count + size) // 8) * 8
            cells = [texts[cell] if texts else None for cell in cells]
        elif field["scale"] != 1 or field["offset"] != 0:
            cells = [cell * field["scale"] + field["offset"] for cell in cells]
        if nulls:
            bits = nulls[place * ((rows + 7) // 8) :]
            cells = [None if bits[row >> 3] >> (row & 7) & 1 else cell for row, cell in enumerate(cells)]
        columns[field["name"]] = cells
    return times, columns


def main():
    brokers, topic, schemas_topic, avsc = sys.argv[1:]
    avro = fastavro.schema.load_schema(avsc)
    schemas = {message.key().decode(): json.loads(message.value()) for message in messages(brokers, schemas_topic)}
    for message in messages(brokers, topic):
        headers = {name: value.decode() for name, value in message.headers() or []}
        key = None if message.key() is None else message.key().decode()
        line = {"partition": message.partition(), "key": key, "headers": headers, "timestampMs": message.timestamp()[1]}
        if message.value() is not None:
            value = BytesIO(message.value())
            batch = fastavro.schemaless_reader(value, avro)
            if value.read():
                raise SystemExit("bytes behind the batch")
            fields = schemas[headers["schema"]]
            times, columns = columns_of(batch, fields)
            line |= {"stream": batch["stream"], "schema": batch["schema"], "times": times, "columns": columns}
            line["types"] = {field["name"]: field["type"] for field in fields}
        print(json.dumps(line))


if __name__ == "__main__":
    main()
