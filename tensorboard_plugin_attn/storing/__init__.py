"""Run, tag and step ⇄ files on a disk or in a bucket."""
