terraform {
  required_version = ">= 1.10.0"

  backend "s3" {
    region       = "us-east-1"
    use_lockfile = true
  }
}
