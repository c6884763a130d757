"""Actions written for the sandbox under the names of real ones, and the programs they run in a job."""
