"""What the functions share; it travels in every function's zip with this package path."""
