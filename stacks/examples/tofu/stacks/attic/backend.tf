# Everything about the backend comes from the command line: see the Justfile.
terraform {
  required_version = ">= 1.10.0"

  backend "http" {}
}
