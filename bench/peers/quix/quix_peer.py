"""Quix Streams over a Kafka that is there: what one process makes of a column expression with a filter, of an as-of join,
and of a tumbling mean. Its plan is its argument, as JSON; its result is the last line of stdout, as JSON."""

import json
import logging
import math
import sys
import time
from datetime import timedelta
from importlib.metadata import version

from confluent_kafka import Producer
from quixstreams import Application
from quixstreams.dataframe.windows import Mean

FIRST_MS = 1704067200000
LEFT_PERIOD_MS = 50
RIGHT_PERIOD_MS = 1000
# The right stream measures between two left rows, so that no match is a tie.
RIGHT_SHIFT_MS = 20
# Without a message for so long the input has ended.
IDLE_S = 8.0


def left_row(entity, i):
    cells = {name: math.sin(entity + c + i / 7) for c, name in enumerate(("ax", "ay", "az", "gx", "gy", "gz"))}
    return {"ts": FIRST_MS + i * LEFT_PERIOD_MS, **cells}


def produce(plan):
    """All rows, in order of time over the entities; returns how many of the left stream there are."""
    producer = Producer({"bootstrap.servers": plan["brokers"], "linger.ms": 50, "compression.type": "lz4"})
    each = max(plan["rowsOfMessage"], plan["rows"] // plan["entities"] // plan["rowsOfMessage"] * plan["rowsOfMessage"])

    def send(topic, entity, value):
        while True:
            try:
                return producer.produce(topic, key=f"car/{entity}", value=json.dumps(value))
            except BufferError:
                producer.poll(0.1)

    next_right_ms = FIRST_MS + RIGHT_SHIFT_MS
    for i in range(0, each, plan["rowsOfMessage"]):
        end_ms = FIRST_MS + (i + plan["rowsOfMessage"]) * LEFT_PERIOD_MS
        for entity in range(plan["entities"]):
            rows = [left_row(entity, i + n) for n in range(plan["rowsOfMessage"])]
            send(plan["left"], entity, rows[0] if len(rows) == 1 else {"rows": rows, "ts": rows[-1]["ts"]})
        while plan["case"] == "join" and next_right_ms < end_ms:
            for entity in range(plan["entities"]):
                send(plan["right"], entity, {"ts": next_right_ms, "oil": 90.0, "water": 80.0})
            next_right_ms += RIGHT_PERIOD_MS
        producer.poll(0)
    producer.flush()
    return each * plan["entities"]


class Meter:
    """Counts rows, and when the first and the last came."""

    def __init__(self):
        self.rows = self.outputs = 0
        self.first = self.last = (0.0, 0.0)

    def row(self, _value):
        self.last = (time.perf_counter(), time.process_time())
        if self.rows == 0:
            self.first = self.last
        self.rows += 1

    def output(self, _value):
        self.outputs += 1
        self.last = (time.perf_counter(), time.process_time())


def main():
    plan = json.loads(sys.argv[1])
    sent = produce(plan)
    logging.disable(logging.WARNING)
    app = Application(
        broker_address=plan["brokers"],
        consumer_group=plan["left"],
        auto_offset_reset="earliest",
        state_dir=plan["dir"],
        loglevel="ERROR",
    )
    stamp = lambda value, headers, timestamp, timestamp_type: value["ts"]  # noqa: E731
    meter = Meter()
    sdf = app.dataframe(app.topic(plan["left"], value_deserializer="json", timestamp_extractor=stamp))
    if plan["rowsOfMessage"] > 1:
        sdf = sdf.apply(lambda value: value["rows"], expand=True)
        sdf = sdf.set_timestamp(lambda value, key, timestamp, headers: value["ts"])
    sdf = sdf.update(meter.row)
    if plan["case"] == "columns":
        sdf["g"] = sdf.apply(lambda row: math.sqrt(row["ax"] ** 2 + row["ay"] ** 2) / 9.80665)
        sdf = sdf[(sdf["ts"] % 100 < 1) & (sdf["g"] >= 0)]
    elif plan["case"] == "join":
        right = app.dataframe(app.topic(plan["right"], value_deserializer="json", timestamp_extractor=stamp))
        sdf = sdf.join_asof(right, how="left", on_merge="keep-left", grace_ms=timedelta(seconds=5))
    else:
        sdf = sdf.tumbling_window(timedelta(seconds=1)).agg(ax_mean=Mean("ax")).final()
    sdf = sdf.update(meter.output)
    sdf.to_topic(app.topic(plan["output"], value_serializer="json"))
    app.run(timeout=IDLE_S)
    result = {
        "version": version("quixstreams"),
        "sent": sent,
        "rows": meter.rows,
        "outputRows": meter.outputs,
        "seconds": meter.last[0] - meter.first[0],
        "cpuSeconds": meter.last[1] - meter.first[1],
    }
    print(json.dumps(result), flush=True)


main()
