output "nix_runners" {
  value = module.nix_runner.runners
}

output "runner_token" {
  value     = module.nix_runner.token
  sensitive = true
}
