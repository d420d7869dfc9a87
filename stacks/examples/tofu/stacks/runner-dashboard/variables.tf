variable "cluster_context" {
  description = "Which cluster the stack is for."
  type        = string
}

variable "namespace" {
  type    = string
  default = "default"
}

variable "oauth_client_secret" {
  type      = string
  sensitive = true
  default   = "example-oauth-secret-of-nobody"
}

variable "widgets" {
  type    = number
  default = 200
}
