"""Rules for files that land in a bucket, and the bucket's word to EventBridge.

A bucket in a template is made anew, so it is in it under a condition, which is false unless told; the
settings of one that is there cannot be changed by CloudFormation. Terraform changes them.
Source: CloudFormation guide, AWS::S3::Bucket, NotificationConfiguration; AWS provider,
aws_s3_bucket_notification.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from sfnb.exporters.deployable import Starter
from sfnb.exporters.page import Page
from sfnb.exporters.sheet import Sheet
from sfnb.exporters.triggers.event import write_rule, write_rule_block


def cloudformation(starters: Sequence[Starter], page: Page) -> None:
    for starter in starters:
        write_rule(starter, page)
        for bucket in _buckets(starter):
            telling = {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
            page.unless_there(
                "AWS::S3::Bucket",
                bucket,
                "bucket",
                {"BucketName": bucket, "NotificationConfiguration": telling},
                is_new=False,
                DeletionPolicy="Retain",
                UpdateReplacePolicy="Retain",
            )
            page.note(
                f"The bucket {bucket} has to tell EventBridge of its objects. If it is there already: aws"
                f" s3api put-bucket-notification-configuration --bucket {bucket} --notification-configuration"
                " '{\"EventBridgeConfiguration\": {}}', with all other notifications that it has."
            )


def terraform(starters: Sequence[Starter], sheet: Sheet) -> None:
    for starter in starters:
        write_rule_block(starter, sheet)
    for bucket in dict.fromkeys(bucket for starter in starters for bucket in _buckets(starter)):
        sheet.note(
            "The bucket is there already. This takes the place of all other notifications that it has."
        )
        sheet.once("aws_s3_bucket_notification", bucket, {"bucket": bucket, "eventbridge": True})


def _buckets(starter: Starter) -> Iterator[str]:
    """Those that the rule asks for by name."""
    try:
        pattern = json.loads(starter.settings["EventPattern"])
        names = pattern["detail"]["bucket"]["name"]
    except (ValueError, KeyError, TypeError):
        return
    yield from (name for name in names if isinstance(name, str))
