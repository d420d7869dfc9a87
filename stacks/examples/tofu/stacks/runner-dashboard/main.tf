module "dashboard" {
  source = "../../modules/service"

  name      = "runner-dashboard"
  namespace = var.namespace
  replicas  = 3
  settings  = { for number in range(var.widgets) : format("WIDGET_%03d", number) => "on" }
}

resource "terraform_data" "oauth" {
  input = { cluster = var.cluster_context, secret = var.oauth_client_secret }
}
