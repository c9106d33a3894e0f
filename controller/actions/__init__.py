"""What can be done to the region, one file for each kind of resource: pure functions on a transaction.

Each checks what AWS checks and raises RequestError with AWS's code; the transaction then takes everything back.
"""
