variable "revision" {
  description = "Changes the state and nothing else: what restore and rollback move between."
  type        = number
  default     = 1
}

variable "members" {
  description = "One resource per entry. A client that applies concurrently names only its own entry, and targets it."
  type        = map(string)
  default     = {}
}

variable "hold_seconds" {
  description = "How long the creation of a member takes, while the state lock is held."
  type        = number
  default     = 0
}

variable "hold_log" {
  description = "File to which each member appends when it began and ended to hold the lock; empty for none."
  type        = string
  default     = ""
}

variable "payload_mb" {
  description = "Size of the state in MiB, within a few per cent (0: small)."
  type        = number
  default     = 0

  validation {
    condition     = var.payload_mb >= 0 && var.payload_mb <= 64
    error_message = "A state of more than 64 MiB is not what this is for."
  }
}

variable "payload_seed" {
  description = "Makes every payload unique, and lets the reader compute what must be in it."
  type        = string
  default     = "seed"
}

variable "secret" {
  description = "Stands for what real states hold: a sensitive value."
  type        = string
  default     = "not-a-secret"
  sensitive   = true
}
