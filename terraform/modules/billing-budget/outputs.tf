output "budget" {
  description = "Full name of the budget."
  value       = google_billing_budget.this.id
}

output "notification_channel" {
  description = "Full name of the channel that alerts go to."
  value       = google_monitoring_notification_channel.owner.id
}
