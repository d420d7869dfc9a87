# Partial on purpose: what is the same everywhere lies in state.s3.tfbackend, and the place (bucket, key, endpoint) comes
# from the command line. Credentials come from the environment only, so that no file under .terraform ever holds one.
terraform {
  required_version = ">= 1.10.0"

  backend "s3" {}
}
