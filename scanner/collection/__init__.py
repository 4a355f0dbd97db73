"""What both collectors share: a rate, a bounded pool, and progress."""
