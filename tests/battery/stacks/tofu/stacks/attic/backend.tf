terraform {
  backend "s3" {
    bucket               = "states-of-the-battery"
    key                  = "attic/terraform.tfstate"
    region               = "us-east-1"
    endpoints            = { s3 = "https://s3.example.invalid" }
    use_lockfile         = true
    acl                  = "private"
    skip_s3_checksum     = true
    workspace_key_prefix = "attic"
    state_tags           = { team = "infra" }
    lock_tags            = { kind = "lock" }
  }
}
