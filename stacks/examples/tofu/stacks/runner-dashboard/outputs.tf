output "url" {
  value = module.dashboard.url
}

output "oauth" {
  value     = terraform_data.oauth.output
  sensitive = true
}
