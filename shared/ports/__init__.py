"""What the product needs of the world, as Protocols; adapters and the tests' in-memory sets hold to the same contract suites.

Every user-facing read takes the caller's id and answers None, or leaves out, what is another tenant's: a foreign id reads
as a missing one. Methods that take no owner act for the system and are for stages and schedules alone. All methods
may raise UnavailableError or DeadlineExceededError, which pass by themselves.
"""
