from tests.oracle.test_tmp_e1 import *
def test_x(portfolio):
    first = staged(portfolio, portfolio.mapping, "polars")
    for n in range(25):
        other = staged(portfolio, portfolio.mapping, "polars", shuffle=n)
        diffs={}
        for k in first:
            for c in first[k]:
                if first[k][c]!=other[k][c]: diffs.setdefault(c,[]).append((k,first[k][c],other[k][c]))
        if diffs: print(n,{c:(len(v),v[:2]) for c,v in diffs.items()})
    assert 0
