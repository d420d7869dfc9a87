variable "cluster_context" {
  description = "Which cluster the stack is for."
  type        = string
}

variable "namespace" {
  type    = string
  default = "default"
}

variable "cache_count" {
  type    = number
  default = 180

  validation {
    condition     = var.cache_count > 0
    error_message = "There is at least one cache."
  }
}

variable "minio_root_password" {
  type      = string
  sensitive = true
  default   = "example-password-of-nobody"
}
