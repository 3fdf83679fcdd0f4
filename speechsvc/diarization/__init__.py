"""Who speaks when in a recording with one channel: anonymous speakers, numbered within the recording."""
