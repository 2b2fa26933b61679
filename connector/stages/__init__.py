"""The stages of a sync, in the order pull, map, score, segment, campaign, word, diff, write, record."""
