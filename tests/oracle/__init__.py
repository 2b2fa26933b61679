"""The method written a second time: plain Python, row by row, sharing no code with the stages.

It is slow and simple on purpose. The stages must agree with it to the last rounded digit.
"""
