terraform {
  required_version = ">= 1.10.0"

  backend "s3" {
    bucket = "tofu-state"
    key    = "arc-runners/terraform.tfstate"
    region = "us-east-1"

    use_lockfile                = true
    use_path_style              = true
    skip_credentials_validation = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
    skip_requesting_account_id  = true
  }
}
