"""The only room that starts Terraform: argv, process, event stream, plan model, healing."""
