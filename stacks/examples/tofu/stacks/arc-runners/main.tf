module "arc_controller" {
  source = "../../modules/service"

  name      = "arc-controller"
  namespace = var.namespace
  settings  = { github_config_url = var.github_config_url, cluster = var.cluster_context }
}

module "runners" {
  source   = "../../modules/runner-pool"
  for_each = { nix = 90, docker = 60, dind = 30 }

  name      = "gh-${each.key}"
  namespace = var.namespace
  size      = each.value
  labels    = ["linux", each.key]
  token     = var.github_token
}
