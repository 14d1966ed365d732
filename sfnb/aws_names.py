"""How AWS's Java SDK, on which Step Functions is built, spells what botocore's models name.

Source: naming of the AWS SDK for Java 2 (`unCapitalize`, `getExceptionName`); AWS recordings.
"""

from __future__ import annotations

import re

BOTOCORE_NAMES = {
    "applicationdiscoveryservice": "discovery",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "configservice": "config",
    "costandusagereportservice": "cur",
    "costexplorer": "ce",
    "databasemigrationservice": "dms",
    "directoryservice": "ds",
    "directoryservicedata": "ds-data",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "elasticsearchservice": "es",
    "eventbridge": "events",
    "iotdataplane": "iot-data",
    "iotjobsdataplane": "iot-jobs-data",
    "lexmodelbuildingservice": "lex-models",
    "lexmodelsv2": "lexv2-models",
    "lexruntimeservice": "lex-runtime",
    "lexruntimev2": "lexv2-runtime",
    "marketplaceentitlementservice": "marketplace-entitlement",
    "marketplacemetering": "meteringmarketplace",
    "migrationhub": "mgh",
    "pinpointsmsvoice": "sms-voice",
    "serverlessapplicationrepository": "serverlessrepo",
    "sfn": "stepfunctions",
    "simpledb": "sdb",
}
"""Services whose name in `aws-sdk:NAME:action` is not botocore's without its hyphens."""


def member_name(name: str) -> str:
    """A member of a structure, as in the Parameters and in the result.

    >>> [member_name(name) for name in ("executionArn", "DBInstances", "MD5OfBody", "ETag", "ChecksumCRC32")]
    ['ExecutionArn', 'DbInstances', 'Md5OfBody', 'ETag', 'ChecksumCRC32']
    """
    end = 1
    while end < len(name) and name[end].isupper() and not name[end + 1 : end + 2].islower():
        end += 1
    return name[:1].upper() + name[1:end].lower() + name[end:]


def pascal_case(name: str) -> str:
    """Words joined, each with one capital.

    >>> [pascal_case(name) for name in ("DynamoDB", "Secrets Manager", "SFN", "S3", "KMSInvalidState")]
    ['DynamoDb', 'SecretsManager', 'Sfn', 'S3', 'KmsInvalidState']
    """
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|\d+", name)
    return "".join(word[0].upper() + word[1:].lower() for word in words)


def exception_name(shape: str) -> str:
    """The class of an error.

    >>> [exception_name(shape) for shape in ("NoSuchBucket", "DBInstanceNotFoundFault", "InvalidToken")]
    ['NoSuchBucketException', 'DbInstanceNotFoundException', 'InvalidTokenException']
    """
    return pascal_case(shape.removesuffix("Exception").removesuffix("Fault")) + "Exception"
