"""Hops of the AWS half: who becomes whom, and what a VM runs as."""
