# terraform_data only: it is built into OpenTofu, so that nothing is downloaded.

resource "terraform_data" "revision" {
  input = var.revision
}

resource "terraform_data" "secret" {
  input = var.secret
}

# The interval between begin and end lies strictly inside the time that this client holds the state lock.
resource "terraform_data" "member" {
  for_each = var.members

  input = each.value

  provisioner "local-exec" {
    command = var.hold_log == "" ? "sleep ${var.hold_seconds}" : join(" && ", [
      "echo \"$MEMBER begin $(date +%s.%N)\" >> \"$HOLD_LOG\"",
      "sleep ${var.hold_seconds}",
      "echo \"$MEMBER end $(date +%s.%N)\" >> \"$HOLD_LOG\"",
    ])
    environment = {
      MEMBER   = each.key
      HOLD_LOG = var.hold_log
    }
  }
}

locals {
  # A block of 64 unique digests (8 KiB), 64 times, numbered: half a MiB. The state holds it twice, as input and as output.
  block = {
    for chunk in range(var.payload_mb) : format("%02d", chunk) => join("", [
      for line in range(64) : sha512("${var.payload_seed}/${chunk}/${line}")
    ])
  }
  payload = {
    for chunk, block in local.block : chunk => join("", [for turn in range(64) : format("%08d%s", turn, block)])
  }
}

resource "terraform_data" "payload" {
  for_each = local.payload

  input = sensitive(each.value)
}
