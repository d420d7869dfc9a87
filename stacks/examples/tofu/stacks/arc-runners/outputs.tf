output "runners" {
  value = { for kind, pool in module.runners : kind => length(pool.runners) }
}

output "tokens" {
  value     = { for kind, pool in module.runners : kind => pool.token }
  sensitive = true
}
