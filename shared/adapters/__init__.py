"""One module a technology; each holds to the contract suite of its port."""
