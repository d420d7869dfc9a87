variable "cluster_context" {
  description = "Which cluster the stack is for."
  type        = string
}

variable "namespace" {
  type    = string
  default = "default"
}

variable "runner_token" {
  type      = string
  sensitive = true
  default   = "example-runner-token-of-nobody"
}
