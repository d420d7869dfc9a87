output "runners" {
  value = sort(keys(terraform_data.runner))
}

output "token" {
  value     = var.token
  sensitive = true
}
