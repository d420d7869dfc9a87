variable "cluster_context" {
  description = "Which cluster the stack is for."
  type        = string
}

variable "namespace" {
  type    = string
  default = "default"
}

variable "github_config_url" {
  type = string
}

variable "github_token" {
  type      = string
  sensitive = true
  default   = "example-token-of-nobody"
}
