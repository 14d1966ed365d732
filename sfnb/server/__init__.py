"""Step Functions' API over HTTP, and to a boto3 client without a socket."""
