"""JSONPath as AWS evaluates it, and the data flow that it steers.

    raw input → InputPath → Parameters → the work → ResultSelector → ResultPath → OutputPath → output

Source: Amazon States Language, "Input and Output Processing".
"""

from sfnb.query.jsonpath.language import JSONPATH as JSONPATH
