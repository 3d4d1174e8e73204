terraform {
  required_version = ">= 1.9"

  # terraform init -backend-config=bucket=NAME: the state's bucket is made by hand, once.
  backend "gcs" {
    prefix = "environments/dev"
  }

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.40"
    }
    google-beta = {
      source  = "hashicorp/google-beta"
      version = "~> 7.40"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region

  default_labels = { app = "synapse-od", environment = "dev" }
}

provider "google-beta" {
  project = var.project
  region  = var.region
}
