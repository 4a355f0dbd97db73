"""What both collectors share: asking within a rate, in a bounded pool, with progress."""
