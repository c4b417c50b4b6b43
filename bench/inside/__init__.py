"""What runs inside a measured installation, with its Django: `python -m bench.inside NAME '{…}'` prints JSON."""
