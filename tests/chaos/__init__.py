"""`manage.py chaos`: the real system under faults, judged by what its providers and its database say."""
