variable "name" {
  type = string
}

variable "namespace" {
  type = string
}

variable "size" {
  type = number
}

variable "labels" {
  type    = list(string)
  default = ["linux", "amd64"]
}

variable "token" {
  type      = string
  sensitive = true
}
