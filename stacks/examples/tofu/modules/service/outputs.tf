output "url" {
  value = "https://${var.name}.${var.namespace}.svc.example.invalid"
}
