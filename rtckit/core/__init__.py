"""What every layer needs and no protocol owns: errors, findings, cursor, addresses, clock."""
