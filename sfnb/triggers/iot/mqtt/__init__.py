"""MQTT: a broker inside the process, and subscriptions to any broker by URL.

`Broker` is the one by default; `Brokers.connect(url, client_id).subscribe(filter, on_message)` listens to
that or any other; `publish` sends one message. `topics` knows filters, `packets`, `sessions` and `broker` are
the broker, `client` and `link` the other side.
"""

from .address import Address, BadAddress, parse_address
from .broker import Broker
from .client import MqttError, publish
from .connection import Brokers, Connection, Subscription
from .link import Message, Retries, State
from .topics import LARGEST_PAYLOAD, fault_in_filter, fault_in_topic, matches

__all__ = [
    "LARGEST_PAYLOAD",
    "Address",
    "BadAddress",
    "Broker",
    "Brokers",
    "Connection",
    "Message",
    "MqttError",
    "Retries",
    "State",
    "Subscription",
    "fault_in_filter",
    "fault_in_topic",
    "matches",
    "parse_address",
    "publish",
]
