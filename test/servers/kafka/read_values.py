"""Reads the values of a Kafka topic with librdkafka.

read_values.py BROKERS TOPIC: each value of TOPIC as a JSON text on a line of its own, by partition in order.
"""

import json
import sys

from read_topics import messages

for message in messages(*sys.argv[1:]):
    print(json.dumps(message.value().decode()))
