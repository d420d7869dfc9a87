resource "terraform_data" "deployment" {
  input = { name = var.name, namespace = var.namespace, replicas = var.replicas }
}

resource "terraform_data" "config" {
  for_each = var.settings

  input            = "${each.key}=${each.value}"
  triggers_replace = terraform_data.deployment.id
}
