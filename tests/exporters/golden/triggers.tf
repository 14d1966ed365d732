data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

resource "aws_iam_role" "orders" {
  name               = "orders"
  assume_role_policy = <<EOT
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {
        "Service": "states.amazonaws.com"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "StringEquals": {
          "aws:SourceAccount": "${data.aws_caller_identity.current.account_id}"
        }
      }
    }
  ]
}
EOT
  tags = {
    "team" = "shop"
  }
}

resource "aws_sfn_state_machine" "orders" {
  name       = "orders"
  type       = "STANDARD"
  role_arn   = aws_iam_role.orders.arn
  definition = <<EOT
{
  "StartAt": "Done",
  "States": {
    "Done": {
      "Type": "Succeed"
    }
  }
}
EOT
  tags = {
    "team" = "shop"
  }
}

resource "aws_iam_role" "orders-events" {
  name_prefix        = "orders-events-"
  assume_role_policy = <<EOT
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {
        "Service": "events.amazonaws.com"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "StringEquals": {
          "aws:SourceAccount": "${data.aws_caller_identity.current.account_id}"
        }
      }
    }
  ]
}
EOT
  tags = {
    "team" = "shop"
  }
}

resource "aws_iam_role_policy" "orders-events" {
  role   = aws_iam_role.orders-events.id
  policy = <<EOT
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "states:StartExecution"
      ],
      "Resource": [
        "${aws_sfn_state_machine.orders.arn}"
      ]
    }
  ]
}
EOT
}

resource "aws_iam_role" "orders-scheduler" {
  name_prefix        = "orders-scheduler-"
  assume_role_policy = <<EOT
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {
        "Service": "scheduler.amazonaws.com"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "StringEquals": {
          "aws:SourceAccount": "${data.aws_caller_identity.current.account_id}"
        }
      }
    }
  ]
}
EOT
  tags = {
    "team" = "shop"
  }
}

resource "aws_iam_role_policy" "orders-scheduler" {
  role   = aws_iam_role.orders-scheduler.id
  policy = <<EOT
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "states:StartExecution"
      ],
      "Resource": [
        "${aws_sfn_state_machine.orders.arn}"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "sqs:SendMessage"
      ],
      "Resource": [
        "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:dead"
      ]
    }
  ]
}
EOT
}

resource "aws_iam_role" "orders-queue-pipe" {
  name_prefix        = "orders-queue-pipe-"
  assume_role_policy = <<EOT
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {
        "Service": "pipes.amazonaws.com"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "StringEquals": {
          "aws:SourceAccount": "${data.aws_caller_identity.current.account_id}"
        }
      }
    }
  ]
}
EOT
  tags = {
    "team" = "shop"
  }
}

resource "aws_iam_role_policy" "orders-queue-pipe" {
  role   = aws_iam_role.orders-queue-pipe.id
  policy = <<EOT
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes"
      ],
      "Resource": [
        "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:orders"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "lambda:InvokeFunction"
      ],
      "Resource": [
        "arn:${data.aws_partition.current.partition}:lambda:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:function:enrich"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "states:StartExecution"
      ],
      "Resource": [
        "${aws_sfn_state_machine.orders.arn}"
      ]
    }
  ]
}
EOT
}

resource "aws_iam_role" "orders-api" {
  name_prefix        = "orders-api-"
  assume_role_policy = <<EOT
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {
        "Service": "apigateway.amazonaws.com"
      },
      "Action": "sts:AssumeRole"
    }
  ]
}
EOT
  tags = {
    "team" = "shop"
  }
}

resource "aws_iam_role_policy" "orders-api" {
  role   = aws_iam_role.orders-api.id
  policy = <<EOT
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "states:StartExecution"
      ],
      "Resource": [
        "${aws_sfn_state_machine.orders.arn}"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "states:StopExecution"
      ],
      "Resource": [
        "arn:${data.aws_partition.current.partition}:states:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:execution:orders:*"
      ]
    }
  ]
}
EOT
}

resource "aws_iam_role" "orders-iot" {
  name_prefix        = "orders-iot-"
  assume_role_policy = <<EOT
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {
        "Service": "iot.amazonaws.com"
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "StringEquals": {
          "aws:SourceAccount": "${data.aws_caller_identity.current.account_id}"
        }
      }
    }
  ]
}
EOT
  tags = {
    "team" = "shop"
  }
}

resource "aws_iam_role_policy" "orders-iot" {
  role   = aws_iam_role.orders-iot.id
  policy = <<EOT
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "states:StartExecution"
      ],
      "Resource": [
        "${aws_sfn_state_machine.orders.arn}"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "sqs:SendMessage"
      ],
      "Resource": [
        "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:orders"
      ]
    },
    {
      "Effect": "Allow",
      "Action": [
        "iot:Publish"
      ],
      "Resource": [
        "arn:${data.aws_partition.current.partition}:iot:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:topic/errors/*"
      ]
    }
  ]
}
EOT
}

# The policy of the queue dead has to let events.amazonaws.com send messages, for the rule orders-after.
resource "aws_cloudwatch_event_rule" "orders-after" {
  name          = "orders-after"
  event_pattern = <<EOT
{
  "source": [
    "aws.states"
  ],
  "detail": {
    "status": [
      "SUCCEEDED"
    ],
    "stateMachineArn": [
      "arn:${data.aws_partition.current.partition}:states:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:stateMachine:shipping",
      "arn:${data.aws_partition.current.partition}:states:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:stateMachine:orders"
    ],
    "n": [
      {
        "numeric": [
          ">",
          5
        ]
      }
    ]
  }
}
EOT
  state         = "DISABLED"
}

resource "aws_cloudwatch_event_target" "orders-after" {
  rule      = aws_cloudwatch_event_rule.orders-after.name
  target_id = "sfnb"
  arn       = aws_sfn_state_machine.orders.arn
  role_arn  = aws_iam_role.orders-events.arn

  input_transformer {
    input_paths = {
      "total" = "$.detail.total"
    }
    input_template = "{\"total\": <total>, \"plain\": \"$${total}\"}"
  }

  retry_policy {
    maximum_event_age_in_seconds = 600
    maximum_retry_attempts       = 3
  }

  dead_letter_config {
    arn = "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:dead"
  }
}

resource "aws_cloudwatch_event_rule" "orders-hourly" {
  name                = "orders-hourly"
  schedule_expression = "rate(1 hour)"
  state               = "ENABLED"
}

resource "aws_cloudwatch_event_target" "orders-hourly" {
  rule      = aws_cloudwatch_event_rule.orders-hourly.name
  target_id = "sfnb"
  arn       = aws_sfn_state_machine.orders.arn
  role_arn  = aws_iam_role.orders-events.arn
  input     = "{}"
}

# The rule shop/placed has the target shipping, too, no part of this: the rule here is for the state machine alone.
variable "shop_event_bus_is_new" {
  type        = bool
  description = "Whether the event bus shop is to be made; false where it is there already"
  default     = true
}

resource "aws_cloudwatch_event_bus" "shop" {
  count = var.shop_event_bus_is_new ? 1 : 0
  name  = "shop"
}

resource "aws_cloudwatch_event_rule" "orders-shop-placed" {
  name           = "placed-orders"
  description    = "orders that are placed"
  event_bus_name = "shop"
  event_pattern  = <<EOT
{
  "source": [
    "shop"
  ],
  "detail": {
    "total": [
      null,
      1.5,
      {
        "exists": false
      }
    ]
  }
}
EOT
  state          = "ENABLED"
  depends_on     = [aws_cloudwatch_event_bus.shop]
}

resource "aws_cloudwatch_event_target" "orders-shop-placed" {
  rule           = aws_cloudwatch_event_rule.orders-shop-placed.name
  event_bus_name = "shop"
  target_id      = "a"
  arn            = aws_sfn_state_machine.orders.arn
  role_arn       = aws_iam_role.orders-events.arn
  input          = "{\"kind\": \"placed\"}"
}

resource "aws_cloudwatch_event_target" "orders-shop-placed-c" {
  rule           = aws_cloudwatch_event_rule.orders-shop-placed.name
  event_bus_name = "shop"
  target_id      = "c"
  arn            = "${aws_sfn_state_machine.orders.arn}:prod"
  role_arn       = "arn:aws:iam::444455556666:role/starter"
  input_path     = "$.detail"
}

resource "aws_cloudwatch_event_rule" "orders-file" {
  name          = "orders-file"
  event_pattern = <<EOT
{
  "source": [
    "aws.s3"
  ],
  "detail-type": [
    "Object Created"
  ],
  "detail": {
    "bucket": {
      "name": [
        "incoming"
      ]
    }
  }
}
EOT
  state         = "ENABLED"
}

resource "aws_cloudwatch_event_target" "orders-file" {
  rule      = aws_cloudwatch_event_rule.orders-file.name
  target_id = "sfnb"
  arn       = aws_sfn_state_machine.orders.arn
  role_arn  = aws_iam_role.orders-events.arn
}

# The bucket is there already. This takes the place of all other notifications that it has.
resource "aws_s3_bucket_notification" "incoming" {
  bucket      = "incoming"
  eventbridge = true
}

resource "aws_scheduler_schedule" "orders-weekly" {
  name                = "orders-weekly"
  schedule_expression = "rate(7 days)"
  state               = "ENABLED"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_sfn_state_machine.orders.arn
    role_arn = aws_iam_role.orders-scheduler.arn
    input    = "{}"
  }
}

variable "reports_schedule_group_is_new" {
  type        = bool
  description = "Whether the schedule group reports is to be made; false where it is there already"
  default     = true
}

resource "aws_scheduler_schedule_group" "reports" {
  count = var.reports_schedule_group_is_new ? 1 : 0
  name  = "reports"
}

resource "aws_scheduler_schedule" "orders-reports-nightly" {
  name                         = "nightly"
  group_name                   = "reports"
  schedule_expression          = "cron(0 3 * * ? *)"
  schedule_expression_timezone = "Europe/Berlin"
  start_date                   = "2027-01-01T00:00:00Z"
  end_date                     = "2028-01-01T00:00:00Z"
  state                        = "ENABLED"
  depends_on                   = [aws_scheduler_schedule_group.reports]

  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 15
  }

  target {
    arn      = aws_sfn_state_machine.orders.arn
    role_arn = aws_iam_role.orders-scheduler.arn
    input    = "{\"at\": \"<aws.scheduler.scheduled-time>\", \"plain\": \"$${at}\"}"

    retry_policy {
      maximum_retry_attempts = 1
    }

    dead_letter_config {
      arn = "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:dead"
    }
  }
}

resource "aws_pipes_pipe" "orders-queue" {
  name          = "orders-queue"
  desired_state = "RUNNING"
  role_arn      = aws_iam_role.orders-queue-pipe.arn
  source        = "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:orders"
  enrichment    = "arn:${data.aws_partition.current.partition}:lambda:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:function:enrich"
  target        = aws_sfn_state_machine.orders.arn
  depends_on    = [aws_iam_role_policy.orders-queue-pipe]

  source_parameters {
    filter_criteria {
      filter {
        pattern = "{\"body\": {\"kind\": [\"$${kind}\"]}}"
      }
    }

    sqs_queue_parameters {
      batch_size                         = 5
      maximum_batching_window_in_seconds = 10
    }
  }

  enrichment_parameters {
    input_template = "{\"n\": <$.body.n>}"
  }

  target_parameters {
    input_template = "{\"n\": <$.n>}"

    step_function_state_machine_parameters {
      invocation_type = "FIRE_AND_FORGET"
    }
  }
}

resource "aws_apigatewayv2_api" "orders" {
  name          = "orders"
  protocol_type = "HTTP"

  cors_configuration {
    allow_origins = ["https://shop.example"]
    allow_methods = ["POST"]
    max_age       = 60
  }
}

resource "aws_apigatewayv2_integration" "orders-POST-orders-id" {
  api_id                 = aws_apigatewayv2_api.orders.id
  integration_type       = "AWS_PROXY"
  integration_subtype    = "StepFunctions-StartExecution"
  payload_format_version = "1.0"
  credentials_arn        = aws_iam_role.orders-api.arn
  request_parameters = {
    "StateMachineArn" = aws_sfn_state_machine.orders.arn
    "Input"           = "$request.body"
    "Name"            = "$${request.path.id}-x"
    "Region"          = data.aws_region.current.name
  }

  response_parameters {
    status_code = 200
    mappings = {
      "overwrite:statuscode" = "202"
    }
  }
}

resource "aws_apigatewayv2_route" "orders-POST-orders-id" {
  api_id         = aws_apigatewayv2_api.orders.id
  route_key      = "POST /orders/{id}"
  operation_name = "place"
  target         = "integrations/${aws_apigatewayv2_integration.orders-POST-orders-id.id}"
}

resource "aws_apigatewayv2_integration" "orders-DELETE-orders-id" {
  api_id                 = aws_apigatewayv2_api.orders.id
  integration_type       = "AWS_PROXY"
  integration_subtype    = "StepFunctions-StopExecution"
  payload_format_version = "1.0"
  credentials_arn        = aws_iam_role.orders-api.arn
  timeout_milliseconds   = 5000
  request_parameters = {
    "ExecutionArn" = "$request.body.execution"
  }
}

resource "aws_apigatewayv2_route" "orders-DELETE-orders-id" {
  api_id    = aws_apigatewayv2_api.orders.id
  route_key = "DELETE /orders/{id}"
  target    = "integrations/${aws_apigatewayv2_integration.orders-DELETE-orders-id.id}"
}

resource "aws_apigatewayv2_stage" "orders" {
  api_id      = aws_apigatewayv2_api.orders.id
  name        = "v1"
  auto_deploy = true
  stage_variables = {
    "colour" = "blue"
  }

  default_route_settings {
    throttling_rate_limit  = 2.5
    throttling_burst_limit = 5
  }
}

resource "aws_api_gateway_rest_api" "orders-rest" {
  name = "orders"
  body = <<EOT
{
  "openapi": "3.0.1",
  "info": {
    "title": "orders",
    "version": "1.0"
  },
  "paths": {
    "/orders": {
      "post": {
        "responses": {
          "200": {
            "description": "An answer"
          }
        },
        "security": [
          {
            "api_key": []
          }
        ],
        "x-amazon-apigateway-integration": {
          "type": "aws",
          "httpMethod": "POST",
          "uri": "arn:${data.aws_partition.current.partition}:apigateway:${data.aws_region.current.name}:states:action/StartExecution",
          "requestTemplates": {
            "application/json": "#set($x = 1)\n{\"stateMachineArn\": \"arn:${data.aws_partition.current.partition}:states:${data.aws_region.current.name}:${data.aws_caller_identity.current.account_id}:stateMachine:orders\", \"name\": \"$${x}-%%{y}\", \"input\": \"$util.escapeJavaScript($input.json('$'))\"}"
          },
          "responses": {
            "default": {
              "statusCode": "200"
            }
          },
          "credentials": "${aws_iam_role.orders-api.arn}"
        }
      },
      "options": {
        "responses": {
          "204": {
            "description": "What may be called"
          }
        },
        "x-amazon-apigateway-integration": {
          "type": "mock",
          "requestTemplates": {
            "application/json": "{\"statusCode\": 204}"
          },
          "responses": {
            "default": {
              "statusCode": "204"
            }
          }
        }
      }
    }
  },
  "components": {
    "schemas": {
      "Order": {
        "type": "object",
        "properties": {
          "n": {
            "multipleOf": 0.5
          }
        }
      }
    },
    "securitySchemes": {
      "api_key": {
        "type": "apiKey",
        "name": "x-api-key",
        "in": "header"
      }
    }
  },
  "x-amazon-apigateway-gateway-responses": {
    "DEFAULT_4XX": {
      "responseParameters": {
        "gatewayresponse.header.Access-Control-Allow-Origin": "'https://shop.example'"
      }
    },
    "DEFAULT_5XX": {
      "responseParameters": {
        "gatewayresponse.header.Access-Control-Allow-Origin": "'https://shop.example'"
      }
    }
  }
}
EOT
}

resource "aws_api_gateway_deployment" "orders-rest" {
  rest_api_id = aws_api_gateway_rest_api.orders-rest.id
  triggers = {
    "redeployment" = sha1(aws_api_gateway_rest_api.orders-rest.body)
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_stage" "orders-rest" {
  rest_api_id   = aws_api_gateway_rest_api.orders-rest.id
  deployment_id = aws_api_gateway_deployment.orders-rest.id
  stage_name    = "prod"
}

resource "aws_api_gateway_usage_plan" "orders-rest" {
  name = "orders rest"

  api_stages {
    api_id = aws_api_gateway_rest_api.orders-rest.id
    stage  = aws_api_gateway_stage.orders-rest.stage_name
  }

  throttle_settings {
    rate_limit  = 10.0
    burst_limit = 20
  }
}

variable "orders_rest_key_value" {
  type        = string
  description = "What x-api-key has to say, 20 to 128 characters"
  sensitive   = true
}

resource "aws_api_gateway_api_key" "orders-rest-key" {
  name    = "shop"
  enabled = true
  value   = var.orders_rest_key_value
}

resource "aws_api_gateway_usage_plan_key" "orders-rest-key" {
  key_id        = aws_api_gateway_api_key.orders-rest-key.id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.orders-rest.id
}

resource "aws_iot_topic_rule" "orders-iot" {
  name        = "orders_iot"
  enabled     = true
  sql         = "SELECT *, topic(2) AS sensor FROM 'sensors/+/temp' WHERE temp > 30"
  sql_version = "2016-03-23"

  step_functions {
    state_machine_name    = aws_sfn_state_machine.orders.name
    execution_name_prefix = "$${topic(2)}-"
    role_arn              = aws_iam_role.orders-iot.arn
  }

  sqs {
    queue_url  = "https://sqs.${data.aws_region.current.name}.amazonaws.com/${data.aws_caller_identity.current.account_id}/orders"
    role_arn   = aws_iam_role.orders-iot.arn
    use_base64 = false
  }

  error_action {
    republish {
      topic    = "errors/$${topic()}"
      qos      = 1
      role_arn = aws_iam_role.orders-iot.arn
    }
  }
}
