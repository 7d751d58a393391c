# For those who use Terraform: the CloudFormation template itself, with the same parameters, so that
# there is one description of the box, its tests hold here too, and a box still counts only once it
# has passed its test.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "name" {
  description = "Name of the stack."
  type        = string
  default     = "sentiment"
}

variable "instance_type" {
  type    = string
  default = "t4g.micro"
}

variable "artifact_url" {
  description = "s3://bucket/prefix, with a prefix of one part."
  type        = string
}

variable "artifact_digest" {
  type = string
}

variable "signature_key" {
  description = "Public key, the line between BEGIN and END of public.pem."
  type        = string
}

variable "model" {
  description = "fast or deep."
  type        = string
  default     = "fast"
}

variable "release" {
  description = "File below artifact_url that `make release` has written."
  type        = string
}

variable "release_digest" {
  type = string
}

variable "allowed_cidr" {
  description = "Addresses that may ask, such as 203.0.113.7/32."
  type        = string
}

variable "vpc" {
  type = string
}

variable "subnet" {
  type = string
}

resource "aws_cloudformation_stack" "box" {
  name          = var.name
  template_body = file("${path.module}/../box.yaml")
  capabilities  = ["CAPABILITY_IAM"]

  parameters = {
    InstanceType   = var.instance_type
    ArtifactUrl    = var.artifact_url
    ArtifactDigest = var.artifact_digest
    SignatureKey   = var.signature_key
    Model          = var.model
    Release        = var.release
    ReleaseDigest  = var.release_digest
    AllowedCidr    = var.allowed_cidr
    Vpc            = var.vpc
    Subnet         = var.subnet
  }
}

output "url" {
  value = aws_cloudformation_stack.box.outputs["Url"]
}
