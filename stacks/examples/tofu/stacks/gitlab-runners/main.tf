module "nix_runner" {
  source = "../../modules/runner-pool"

  name      = "nix"
  namespace = var.namespace
  size      = 120
  labels    = ["nix", "flakes"]
  token     = var.runner_token
}

module "docker_runner" {
  source = "../../modules/runner-pool"

  name      = "docker"
  namespace = var.namespace
  size      = 120
  labels    = ["docker", "linux"]
  token     = var.runner_token
}

resource "terraform_data" "cluster" {
  input = var.cluster_context
}
