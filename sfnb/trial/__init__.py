"""One state tried on one input: AWS's TestState, with the interpreter's own code."""
