variable "name" {
  type = string
}

variable "namespace" {
  type = string
}

variable "buckets" {
  type = set(string)
}

variable "root_password" {
  type      = string
  sensitive = true
}
