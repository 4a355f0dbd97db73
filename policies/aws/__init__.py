"""The AWS change kinds: policies, attachments, trusts and permission sets."""
