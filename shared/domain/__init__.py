"""Models and pure rules of the product: no I/O, no clock, no environment."""
