"""Log entries, their query language and their routes; metrics, time series, alerts."""
