output "credentials" {
  value     = { user = var.name, password = var.root_password }
  sensitive = true
}
