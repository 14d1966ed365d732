"""What is told of executions elsewhere: log records, and events that say that a status has changed."""
