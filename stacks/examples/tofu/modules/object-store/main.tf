resource "terraform_data" "tenant" {
  input = { name = var.name, namespace = var.namespace, root_password = var.root_password }
}

resource "terraform_data" "bucket" {
  for_each = var.buckets

  input = { bucket = each.key, tenant = terraform_data.tenant.id }
}
