"""Command lines: flags to a frozen configuration to one library call. Nothing else reads flags."""
