output "url" {
  value = module.attic_api.url
}

output "minio_credentials" {
  value     = module.minio_tenant.credentials
  sensitive = true
}
