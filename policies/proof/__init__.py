"""What a remediation is proven to do: six obligations, by deciding again."""
