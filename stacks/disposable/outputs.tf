output "revision" {
  value = terraform_data.revision.output
}

output "secret" {
  value     = terraform_data.secret.output
  sensitive = true
}
