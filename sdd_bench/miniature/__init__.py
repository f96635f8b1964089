"""The miniature: a small, complete, trained text-to-image world with a ground truth.

`scene` names what a picture can show, `draw` draws it, `examples` words it. `train` learns the
networks from nothing else, `standins` are its suites. The finished weights lie in `weights/`.
"""

from __future__ import annotations
