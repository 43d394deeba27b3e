"""What knows the machine: backends, devices, memory, and who writes which file."""
