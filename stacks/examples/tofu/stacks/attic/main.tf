locals {
  caches = toset([for number in range(var.cache_count) : format("cache-%03d", number)])
}

module "minio_tenant" {
  source = "../../modules/object-store"

  name          = "attic-minio"
  namespace     = var.namespace
  buckets       = local.caches
  root_password = var.minio_root_password
}

module "attic_api" {
  source = "../../modules/service"

  name      = "attic-api"
  namespace = var.namespace
  settings  = { for cache in local.caches : cache => "s3://${cache}" if endswith(cache, "0") }
}

resource "terraform_data" "cluster" {
  input = var.cluster_context
}

check "caches" {
  assert {
    condition     = length(local.caches) == var.cache_count
    error_message = "Two caches share a name."
  }
}
