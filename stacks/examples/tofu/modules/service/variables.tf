variable "name" {
  type = string
}

variable "namespace" {
  type = string
}

variable "replicas" {
  type    = number
  default = 2
}

variable "settings" {
  type    = map(string)
  default = {}
}
