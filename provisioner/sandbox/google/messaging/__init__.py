"""Messages of Pub/Sub, schedules of Cloud Scheduler, and what carries both out of the sandbox."""
