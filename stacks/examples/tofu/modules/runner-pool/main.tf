resource "terraform_data" "namespace" {
  input = var.namespace
}

resource "terraform_data" "registration" {
  input = { name = var.name, token = var.token }
}

resource "terraform_data" "runner" {
  for_each = toset([for number in range(var.size) : format("%s-%03d", var.name, number)])

  input = {
    name      = each.key
    namespace = terraform_data.namespace.output
    labels    = var.labels
  }
}
