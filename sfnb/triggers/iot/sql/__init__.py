"""AWS IoT SQL: what a topic rule selects of the messages on its topics, and makes of them.

`read_statement` reads one, `Statement.evaluate` holds a message against it, `Statement.explain` says why.
`substitute` fills `${expression}` in the texts of an action, `check_rule` reads a rule's whole payload.

Theory of operation: sqlglot parses (`dialect`), the tree becomes closures once (`compiling`), and an
evaluation calls them with a `Scope`. Undefined is a value like any other; nothing raises, but one
evaluation may look at so many elements, and one value grow so large, and no further.
Source: AWS IoT developer guide, "AWS IoT SQL reference".

>>> statement = read_statement("SELECT upper(color) AS c FROM 'a/+' WHERE temperature > 50")
>>> message = Message(topic="a/b", payload=b'{"color": "red", "temperature": "51"}')
>>> statement.evaluate(message, Facts(account="123456789012", timestamp=0, new_uuid=lambda: ""))
{'c': 'RED'}
"""

from __future__ import annotations

from sfnb.triggers.iot.mqtt.topics import fault_in_filter
from sfnb.triggers.iot.mqtt.topics import matches as topic_matches
from sfnb.triggers.iot.sql.functions import FUNCTIONS, REFUSED
from sfnb.triggers.iot.sql.invalid import InvalidRule, InvalidSql
from sfnb.triggers.iot.sql.occasion import Facts, Message, Occasion
from sfnb.triggers.iot.sql.reading import DEFAULT_VERSION, read_statement
from sfnb.triggers.iot.sql.rules import StepFunctionsAction, TopicRule, check_rule
from sfnb.triggers.iot.sql.statement import Explanation, Outcome, Statement, Tried
from sfnb.triggers.iot.sql.templates import Template, read_template, substitute
from sfnb.triggers.iot.sql.values import NOT_SELECTED, UNDEFINED, Absence

__all__ = [
    "DEFAULT_VERSION",
    "FUNCTIONS",
    "NOT_SELECTED",
    "REFUSED",
    "UNDEFINED",
    "Absence",
    "Explanation",
    "Facts",
    "InvalidRule",
    "InvalidSql",
    "Message",
    "Occasion",
    "Outcome",
    "Statement",
    "StepFunctionsAction",
    "Template",
    "TopicRule",
    "Tried",
    "check_rule",
    "check_topic_filter",
    "read_statement",
    "read_template",
    "substitute",
    "topic_matches",
]


def check_topic_filter(topic_filter: str) -> None:
    """Raise InvalidSql where `topic_filter` is none that AWS IoT takes."""
    fault = fault_in_filter(topic_filter)
    if fault:
        raise InvalidSql(f"the topic filter {fault}", topic_filter)
