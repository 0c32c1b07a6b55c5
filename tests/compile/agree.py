"""When the results of two flavours are the same."""

import numpy as np


def same(got, want):
    if isinstance(want, (tuple, dict)):
        assert type(got) is type(want)
        assert len(got) == len(want)
        pairs = zip(got, want, strict=True) if isinstance(want, tuple) else ((got[k], want[k]) for k in want)
        for g, w in pairs:
            same(g, w)
        return
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-300)
    assert np.asarray(got).dtype == np.asarray(want).dtype
