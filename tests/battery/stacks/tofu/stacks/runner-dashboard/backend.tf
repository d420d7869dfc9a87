terraform {
  backend "s3" {
    bucket       = "states-of-the-battery"
    key          = "runner-dashboard/terraform.tfstate"
    region       = "us-east-1"
    endpoints    = { s3 = "https://s3.example.invalid" }
    use_lockfile = true
  }
}
