"""What a Distributed Map reads and writes: items from buckets, in batches, and results to buckets."""
