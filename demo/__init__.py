"""A WIRE IN A BOX: invented agencies and outlets, served on 127.0.0.1.

```
prose (word lists → copy) ▸ plan, sites ▸ press (what is printed when) ▸ wording, markup, forms,
channels ▸ pages (what a site answers) and truth (what a perfect reader gets) ▸ troubles (what a sick
site answers) ▸ wire ▸ server
```

All but the server is a pure function of seed, epoch and moment. `python -m demo serve` runs it
(`--trouble paywall=courier` makes a site sick), `python -m demo truth` prints what is true; tests
use `demo.serve(demo.Wire(epoch=…), port_base=0)`.
"""

from demo.server import Served, serve
from demo.wire import Wire

__all__ = ["Served", "Wire", "serve"]
