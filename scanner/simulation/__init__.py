"""Hand-written requests of both clouds: read strictly, answered one by one."""
