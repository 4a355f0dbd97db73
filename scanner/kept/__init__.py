"""The result of an analysis, kept beside the evidence so that queries need not decide.

One file of columns (`columns`), written from a graph (`packing`) and read lazily
(`graph`): a query decodes only what it touches. `store` says where it is and when it
still holds. Nothing in it is code; whatever is odd about it, the estate is decided
again.
"""
